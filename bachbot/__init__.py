"""bachbot: composes and harmonizes four-part chorales as Bach might have.

Examples
--------
>>> import bachbot  # doctest: +SKIP
>>> [best] = bachbot.harmonize("corpus/examples/twinkle.musicxml")  # doctest: +SKIP
>>> bachbot.save_score(best.score, "twinkle.pdf")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bachbot.errors import BachbotError, BachbotWarning

if TYPE_CHECKING:
    from bachbot.chorale import Choir, Key, Meter, Voice, VoiceRanges
    from bachbot.corpus.bach import BachChorale, bach
    from bachbot.decoding import DecodingOptions
    from bachbot.engine import (
        ComposeOptions,
        DecodingResult,
        Engine,
        MoodResult,
        Slide,
        SlideShow,
        SlideShowResult,
        harmonize,
        mood,
        read_slideshow,
    )
    from bachbot.engine import compose_pieces as compose
    from bachbot.engine.difference import ScoreDifference, diff
    from bachbot.scores import (
        Layout,
        Score,
        Sheet,
        list_tunes,
        load_any_score,
        load_score,
        load_sheet,
        render,
        save_score,
    )
    from bachbot.scores.practice import PracticeOptions, practice, save_practice
    from bachbot.teaching import RepairOptions, RepairResult, compare, mark_faults, repair
    from bachbot.teaching import explain_score as explain
    from bachbot.theory.rules import RuleSet

__version__ = "0.1.0"

__all__ = [
    "BachChorale",
    "BachbotError",
    "BachbotWarning",
    "Choir",
    "ComposeOptions",
    "DecodingOptions",
    "DecodingResult",
    "Engine",
    "Key",
    "Layout",
    "Meter",
    "MoodResult",
    "PracticeOptions",
    "RepairOptions",
    "RepairResult",
    "RuleSet",
    "Score",
    "ScoreDifference",
    "Sheet",
    "Slide",
    "SlideShow",
    "SlideShowResult",
    "Voice",
    "VoiceRanges",
    "__version__",
    "bach",
    "compare",
    "compose",
    "diff",
    "explain",
    "harmonize",
    "list_tunes",
    "load_any_score",
    "load_score",
    "load_sheet",
    "mark_faults",
    "mood",
    "practice",
    "read_slideshow",
    "render",
    "repair",
    "save_practice",
    "save_score",
]

_HOMES = {
    "BachChorale": "bachbot.corpus.bach",
    "Choir": "bachbot.chorale",
    "VoiceRanges": "bachbot.chorale",
    "bach": "bachbot.corpus.bach",
    "DecodingResult": "bachbot.engine",
    "DecodingOptions": "bachbot.decoding",
    "Engine": "bachbot.engine",
    "Key": "bachbot.chorale",
    "Layout": "bachbot.scores",
    "Meter": "bachbot.chorale",
    "MoodResult": "bachbot.engine",
    "Slide": "bachbot.engine",
    "SlideShow": "bachbot.engine",
    "SlideShowResult": "bachbot.engine",
    "ComposeOptions": "bachbot.engine",
    "PracticeOptions": "bachbot.scores.practice",
    "RepairOptions": "bachbot.teaching",
    "RepairResult": "bachbot.teaching",
    "RuleSet": "bachbot.theory.rules",
    "Score": "bachbot.scores",
    "ScoreDifference": "bachbot.engine.difference",
    "Sheet": "bachbot.scores",
    "Voice": "bachbot.chorale",
    "compare": "bachbot.teaching",
    "compose": "bachbot.engine:compose_pieces",
    "diff": "bachbot.engine.difference",
    "explain": "bachbot.teaching:explain_score",
    "harmonize": "bachbot.engine",
    "list_tunes": "bachbot.scores",
    "load_any_score": "bachbot.scores",
    "load_score": "bachbot.scores",
    "load_sheet": "bachbot.scores",
    "mark_faults": "bachbot.teaching",
    "practice": "bachbot.scores.practice",
    "mood": "bachbot.engine",
    "read_slideshow": "bachbot.engine",
    "render": "bachbot.scores",
    "repair": "bachbot.teaching",
    "save_practice": "bachbot.scores.practice",
    "save_score": "bachbot.scores",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for, and nothing before."""
    if name not in _HOMES:
        raise AttributeError(f"module 'bachbot' has no attribute {name!r}")
    module, _, own = _HOMES[name].partition(":")
    value = getattr(import_module(module), own or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
