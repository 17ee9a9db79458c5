"""Scores: read, completed, written, engraved and played."""

from bachbot.scores.bars import BarRange, bars_of, beats_of
from bachbot.scores.musicxml.complete import complete, from_chorale
from bachbot.scores.musicxml.rewrite import rewrite_bars
from bachbot.scores.readers.load import list_tunes, load_any_score, load_score
from bachbot.scores.readers.load_sheet import load_sheet
from bachbot.scores.save import Layout, render, save_score
from bachbot.scores.score import Notice, Score, Sounding, section_starts, soundings
from bachbot.scores.sheet import Sheet, SheetVoice

__all__ = [
    "BarRange",
    "Layout",
    "Notice",
    "Score",
    "Sheet",
    "SheetVoice",
    "Sounding",
    "bars_of",
    "beats_of",
    "complete",
    "from_chorale",
    "list_tunes",
    "load_any_score",
    "load_score",
    "load_sheet",
    "render",
    "rewrite_bars",
    "save_score",
    "section_starts",
    "soundings",
]
