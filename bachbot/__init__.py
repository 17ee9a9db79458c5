"""bachbot: composes and harmonizes four-part chorales as Bach might have.

What the command line does, each of these functions does in Python. ``help(bachbot.NAME)`` says more
of one, and the page ``bachbot/API.md`` of the repository has an example for each.

Read
    load_score          a melody, or any of the four voices, of a file: MusicXML, MIDI, ABC, kern
    load_any_score      whatever voices a file has, where they stand, to be explained or repaired
    load_sheet          a page of any parts, as it is written, to be rendered or practiced
    list_tunes          the tunes in a file of many
    bach                chorales of Bach's by title, number or opening notes, in your own music21
    bars_of             bars of a score by their printed numbers, to be rewritten
    parse_verses        words to compose for, from text
    read_verses         the same from a file
    load_settings       your choirs and defaults, from the config file of ``bachbot config``

Write music
    harmonize           the voices that a tune lacks
    realize             the voices above a figured or an unfigured bass
    compose             a new chorale, freely, by a plan or for words
    mood                a tune changed until it has a mood, harmonized
    read_slideshow      a file of slides and their moods
    slideshow           one piece for a slide show, a section for each slide
    harmonize_folder    every tune in a folder, or in a file of many

``Engine.load()`` loads the model once and has the same functions as methods, and two more:
``harmonize_all`` does many scores at a time, and ``charges`` says what the search charged each bar.

Check and teach
    explain             chords, cadences and faults, against rules of choice
    compare             two explanations, bar by bar
    diff                in what two scores differ: bars, voices, cadences, faults
    repair              mends faults with the fewest changed notes
    mark_faults         the faults in color on the page
    add_roman_numerals  numerals under the bass

Print, play and practice
    save_score          writes MusicXML, MIDI, a page (SVG, PNG, PDF) or sound; or several of them
    render              the same as bytes
    practice            tracks for each voice of a choir, as samples
    save_practice       the same as files, with a page for each voice

Options are classes: `DecodingOptions` (search, number of versions, seed, ranges), `Difficulty` (the
styles plain, bach and florid, and single dials), `ComposeOptions`, `Layout` (staves, paper, tempo,
instrument), `PracticeOptions`, `RepairOptions`, `RuleSet`, `FolderSettings`. Every error that is
raised is a `BachbotError` with a message of one line. A score or a result at the end of a
notebook's cell shows its page and a player.

Research has its own packages: `bachbot.corpus`, `bachbot.encoding`, `bachbot.models`,
`bachbot.training`, `bachbot.evaluation`, `bachbot.listening`.

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
    from bachbot.decoding.difficulty import Difficulty
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
        realize,
        slideshow,
    )
    from bachbot.engine import compose_pieces as compose
    from bachbot.engine.difference import ScoreDifference, diff
    from bachbot.engine.folders import FolderSettings, harmonize_folder
    from bachbot.engine.summary import Summary
    from bachbot.scores import (
        Layout,
        Score,
        Sheet,
        bars_of,
        list_tunes,
        load_any_score,
        load_score,
        load_sheet,
        render,
        save_score,
    )
    from bachbot.scores.musicxml.roman_numerals import add_roman_numerals
    from bachbot.scores.performance import Passage, Performance
    from bachbot.scores.practice import PracticeOptions, practice, save_practice
    from bachbot.scores.verses import Verses, parse_verses, read_verses
    from bachbot.settings import Settings, load_settings
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
    "Difficulty",
    "Engine",
    "FolderSettings",
    "Key",
    "Layout",
    "Meter",
    "MoodResult",
    "Passage",
    "Performance",
    "PracticeOptions",
    "RepairOptions",
    "RepairResult",
    "RuleSet",
    "Score",
    "ScoreDifference",
    "Settings",
    "Sheet",
    "Slide",
    "SlideShow",
    "SlideShowResult",
    "Summary",
    "Verses",
    "Voice",
    "VoiceRanges",
    "__version__",
    "add_roman_numerals",
    "bach",
    "bars_of",
    "compare",
    "compose",
    "diff",
    "explain",
    "harmonize",
    "harmonize_folder",
    "list_tunes",
    "load_any_score",
    "load_score",
    "load_settings",
    "load_sheet",
    "mark_faults",
    "mood",
    "parse_verses",
    "practice",
    "read_slideshow",
    "read_verses",
    "realize",
    "render",
    "repair",
    "save_practice",
    "save_score",
    "slideshow",
]

_HOMES = {
    "BachChorale": "bachbot.corpus.bach",
    "Choir": "bachbot.chorale",
    "ComposeOptions": "bachbot.engine",
    "DecodingOptions": "bachbot.decoding",
    "DecodingResult": "bachbot.engine",
    "Difficulty": "bachbot.decoding.difficulty",
    "Engine": "bachbot.engine",
    "FolderSettings": "bachbot.engine.folders",
    "Key": "bachbot.chorale",
    "Layout": "bachbot.scores",
    "Meter": "bachbot.chorale",
    "MoodResult": "bachbot.engine",
    "Passage": "bachbot.scores.performance",
    "Performance": "bachbot.scores.performance",
    "PracticeOptions": "bachbot.scores.practice",
    "RepairOptions": "bachbot.teaching",
    "RepairResult": "bachbot.teaching",
    "RuleSet": "bachbot.theory.rules",
    "Score": "bachbot.scores",
    "ScoreDifference": "bachbot.engine.difference",
    "Settings": "bachbot.settings",
    "Sheet": "bachbot.scores",
    "Slide": "bachbot.engine",
    "SlideShow": "bachbot.engine",
    "SlideShowResult": "bachbot.engine",
    "Summary": "bachbot.engine.summary",
    "Verses": "bachbot.scores.verses",
    "Voice": "bachbot.chorale",
    "VoiceRanges": "bachbot.chorale",
    "add_roman_numerals": "bachbot.scores.musicxml.roman_numerals",
    "bach": "bachbot.corpus.bach",
    "bars_of": "bachbot.scores",
    "compare": "bachbot.teaching",
    "compose": "bachbot.engine:compose_pieces",
    "diff": "bachbot.engine.difference",
    "explain": "bachbot.teaching:explain_score",
    "harmonize": "bachbot.engine",
    "harmonize_folder": "bachbot.engine.folders",
    "list_tunes": "bachbot.scores",
    "load_any_score": "bachbot.scores",
    "load_score": "bachbot.scores",
    "load_settings": "bachbot.settings",
    "load_sheet": "bachbot.scores",
    "mark_faults": "bachbot.teaching",
    "mood": "bachbot.engine",
    "parse_verses": "bachbot.scores.verses",
    "practice": "bachbot.scores.practice",
    "read_slideshow": "bachbot.engine",
    "read_verses": "bachbot.scores.verses",
    "realize": "bachbot.engine",
    "render": "bachbot.scores",
    "repair": "bachbot.teaching",
    "save_practice": "bachbot.scores.practice",
    "save_score": "bachbot.scores",
    "slideshow": "bachbot.engine",
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
