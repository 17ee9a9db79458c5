from fractions import Fraction

import pytest

from bachbot.errors import ScoreError
from bachbot.scores.readers.budget import MAX_BARS, MAX_NOTES, MAX_PARTS, MAX_QUARTERS, Budget


def test_what_is_allowed_passes_and_one_more_does_not():
    budget = Budget()
    for _ in range(MAX_PARTS):
        budget.part()
        budget.bar(MAX_BARS)
        budget.note(MAX_QUARTERS)
    with pytest.raises(ScoreError, match=f"more than {MAX_BARS} bars: give a part of it"):
        budget.bar()
    with pytest.raises(ScoreError, match="quarter notes: give a part of it"):
        budget.note(Fraction(1, 1024))
    with pytest.raises(ScoreError, match="parts: give a score with fewer"):
        budget.part()


def test_notes_are_counted_over_all_parts():
    budget = Budget()
    budget.note(number=MAX_NOTES)
    budget.part()
    with pytest.raises(ScoreError, match="notes"):
        budget.note()
