"""Scores: read, complete, write, engrave, sound."""

from bachbot.scores.bars import BarRange, bars_of
from bachbot.scores.complete import complete, from_chorale
from bachbot.scores.layout import Layout
from bachbot.scores.load import load_score
from bachbot.scores.rewrite import rewritten
from bachbot.scores.save import check_suffix, save_score
from bachbot.scores.score import Score, section_starts, soundings
from bachbot.scores.sounding import Sounding

__all__ = [
    "BarRange",
    "Layout",
    "Score",
    "Sounding",
    "bars_of",
    "check_suffix",
    "complete",
    "from_chorale",
    "load_score",
    "rewritten",
    "save_score",
    "section_starts",
    "soundings",
]
