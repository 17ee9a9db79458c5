"""Practice material for a choir: tracks for each voice, and its own page."""

from bachbot.scores.practice.save import practice_files, save_practice
from bachbot.scores.practice.tracks import PracticeOptions, PracticeTrack, practice

__all__ = ["PracticeOptions", "PracticeTrack", "practice", "practice_files", "save_practice"]
