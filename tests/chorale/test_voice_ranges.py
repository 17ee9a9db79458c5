"""Ranges of singers, in any spelling."""

import pytest

from bachbot.chorale import BACH_RANGES, VOICES, Voice, VoiceRanges
from bachbot.chorale.voice_ranges import parse_pitch, parse_voice
from bachbot.errors import UsageError


@pytest.mark.parametrize(
    ("text", "pitch"),
    [
        ("C4", 60), ("c4", 60), ("C#4", 61), ("D♭4", 61), ("Bb3", 58), ("B♭3", 58), ("F##3", 55),
        ("Fx3", 55), ("B-flat3", 58), ("C sharp 4", 61), ("60", 60), ("c'", 60), ("c''", 72),
        ("bb'", 70), ("C,", 24), ("G9", 127), (" a4 ", 69), ("A0", 21),
    ],
)  # fmt: skip
def test_pitches_in_any_spelling(text, pitch):
    assert parse_pitch(text) == pitch


@pytest.mark.parametrize("text", ["", "H4", "C", "C44", "Cq4", "128", "-1", "C'", "c,", "G#9", "¹"])
def test_what_is_no_pitch_is_refused(text):
    with pytest.raises(UsageError, match="pitch"):
        parse_pitch(text)


@pytest.mark.parametrize(
    ("text", "voice"),
    [("tenor", 2), ("T", 2), ("Tenor", 2), ("SOPRANO", 0), ("Sopran", 0), ("alt", 1), ("bass", 3)],
)
def test_voices_in_any_spelling(text, voice):
    assert parse_voice(text) == Voice(voice)


@pytest.mark.parametrize(
    "text",
    ["tenor=C3:F4", "T=c3-f4", "Tenor: C3:F4", "ten = 48..65", "tenor=C3 to F4", "tenor=C3–F4",
     "TENOR=48:65", "tenor=:F4"],
)  # fmt: skip
def test_one_range_in_any_spelling(text):
    found = VoiceRanges.parse([text])
    assert found.tenor == (48, 65)
    assert all(found.of(v) == v.range for v in VOICES if v != Voice.TENOR)


def test_later_ranges_replace_earlier_ones_and_none_are_bachs():
    assert VoiceRanges.parse([]) == BACH_RANGES
    assert VoiceRanges.parse(["bass=F2:C4", "bass=G2:D4"]).bass == (43, 62)


@pytest.mark.parametrize(
    "text",
    ["tenor", "tenor=", "tenor=C3", "baritone=C3:F4", "tenor=F4:C3", "tenor=C3:D3", "=C3:F4",
     "tenor=C3:F4:G4", "tenor=" + "C3:" * 9999],
)  # fmt: skip
def test_what_is_no_range_is_refused_in_one_line(text):
    with pytest.raises(UsageError) as error:
        VoiceRanges.parse([text])
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_the_comfortable_middle_is_two_thirds():
    found = VoiceRanges(tenor=(48, 66))
    assert found.comfortable(Voice.TENOR) == (51, 63)


@pytest.mark.parametrize(
    ("bounds", "named"),
    [((64, 48), "E4 to C3"), ((58, 61), "Bb3 to C#4"), ((48, 200), "C3 to 200")],
)
def test_a_range_that_cannot_be_is_named_by_its_notes(bounds, named):
    with pytest.raises(UsageError, match=f"the tenor's range {named} is reversed or narrower"):
        VoiceRanges(tenor=bounds)
