import numpy as np
import pytest
from test_penalties import penalties_of

from bachbot.chorale import Chorale, Given, Key, Meter, Voice
from bachbot.decoding import DecodingOptions, Penalties
from bachbot.decoding.difficulty import BACH, Difficulty, departures
from bachbot.decoding.penalties import DEFAULT_PENALTIES, GUIDED_PENALTIES, SAMPLING_PENALTIES
from bachbot.decoding.penalties.difficulty import (
    AccidentalPenalty,
    ComfortableRangePenalty,
    HeldPenalty,
    LargeLeapPenalty,
    PassingNoteBonus,
    PlainChordPenalty,
    RhythmPenalty,
    SuspensionBonus,
    UnclearClosePenalty,
)
from bachbot.errors import UsageError
from bachbot.theory.given.given_chords import bars_with_beats
from bachbot.theory.rules import RULES


def piece(*voices, fermata=(), **more):
    """A bar or more of four voices: notes as pitch:frames."""
    columns, ties = [], []
    for voice in voices:
        pitch, tied = [], []
        for note in voice.split():
            height, length = map(int, note.split(":"))
            pitch += [height] * length
            tied += [False] + [True] * (length - 1)
        columns.append(pitch)
        ties.append(tied)
    marked = np.zeros(len(columns[0]), dtype=bool)
    marked[list(fermata)] = True
    return Chorale(np.array(columns, dtype=np.int16).T, np.array(ties).T, marked, **more)


def cost(music, penalty, given=(Voice.SOPRANO,)):
    [found] = penalties_of([music], [Given.voices(music.frames, given)], Penalties((penalty,)))
    return pytest.approx(found)


# Alto: an eighth after the first beat. Tenor: a sixteenth and a dotted eighth. Bass: with the tune.
LIVELY = piece(
    "72:4 74:4 76:6 77:2", "67:2 65:2 67:4 67:6 69:2", "60:1 62:3 59:4 60:8", "48:4 55:4 48:6 53:2"
)


@pytest.mark.parametrize(
    ("limit", "notes"),
    [("tune", 2), ("quarter", 2), ("eighth", 1)],
)
def test_notes_apart_from_the_tune(limit, notes):
    # The last eighths of alto and bass are with the tune.
    assert cost(LIVELY, RhythmPenalty(2.0, limit)) == 2.0 * notes


def test_a_given_bass_leads_the_others_too():
    music = piece("72:2 74:2 76:4", "67:4 67:4", "60:4 60:4", "48:2 47:2 48:4")
    assert cost(music, RhythmPenalty(1.0, "quarter"), [Voice.BASS]) == 0.0
    assert cost(music, RhythmPenalty(1.0, "quarter"), [Voice.ALTO]) == 1.0  # the soprano's


def test_holding_against_the_tune():
    music = piece("72:4 74:4 76:8", "67:8 67:8", "60:4 59:4 60:8", "48:16")
    # The alto on the second beat, the bass on the second and third.
    assert cost(music, HeldPenalty(1.0)) == 3.0


def test_accidentals_are_notes_outside_the_scale():
    music = piece("72:8 74:8", "66:8 67:8", "60:8 58:8", "48:8 55:8")
    assert cost(music, AccidentalPenalty(1.0)) == 2.0
    minor = piece("72:8 71:8", "69:8 68:8", "64:8 64:8", "54:8 52:8", key=Key("A", "minor"))
    assert cost(minor, AccidentalPenalty(1.0)) == 1.0  # F sharp; the leading note belongs to it


def test_large_leaps():
    music = piece("72:4 72:4 72:8", "67:4 62:4 65:8", "60:4 54:4 64:8", "48:4 60:4 53:8")
    # Alto: a fourth. Tenor: a tritone, and more than a sixth, which counts twice. Bass: an octave.
    assert cost(music, LargeLeapPenalty(3.0)) == 3.0 * (1 + 1 + 2) + 1.0


def test_comfortable_ranges_are_those_of_the_own_key():
    music = piece("72:16", "55:16", "60:16", "40:16")
    assert cost(music, ComfortableRangePenalty(1.0)) == 2.0 + 3.0
    moved = piece("74:16", "57:16", "62:16", "42:16", transposed_by=2)
    assert cost(moved, ComfortableRangePenalty(1.0)) == 2.0 + 3.0


@pytest.mark.parametrize(
    ("chord", "share"),
    [
        ((72, 67, 64, 48), 0.0),
        ((72, 67, 60, 52), 0.0),  # its third in the bass
        ((72, 64, 60, 55), 1.0),  # six-four
        ((72, 64, 60, 48), 1.0),  # no fifth
        ((72, 67, 60, 48), 1.5),  # no third
        ((71, 65, 62, 55), 0.5),  # dominant seventh
        ((74, 67, 60, 48), 1.5),  # a second hides it
    ],
)
def test_plain_triads(chord, share):
    music = piece(*(f"{pitch}:4" for pitch in chord))
    assert cost(music, PlainChordPenalty(2.0)) == 2.0 * share


@pytest.mark.parametrize(
    ("chord", "clear"), [((72, 67, 64, 48), 1), ((74, 71, 67, 55), 1), ((72, 69, 65, 53), 0)]
)
def test_clear_closes(chord, clear):
    music = piece(*(f"{pitch}:4" for pitch in chord), fermata=range(4))
    assert cost(music, UnclearClosePenalty(1.0)) == 1.0 - clear


def test_passing_notes_are_given_half_at_each_end():
    passing = piece("72:8", "67:2 65:2 64:4", "60:8", "48:8")
    neighbor = piece("72:8", "67:2 65:2 67:4", "60:8", "48:8")
    assert cost(passing, PassingNoteBonus(2.0)) == -2.0
    assert cost(neighbor, PassingNoteBonus(2.0)) == -1.0


def test_suspensions_are_notes_that_resolve():
    # The alto's C is held over the second beat, where it is a fourth above the bass.
    suspended = piece("67:4 67:4 67:8", "60:6 59:2 60:8", "52:4 50:4 52:8", "48:4 43:4 48:8")
    assert cost(suspended, SuspensionBonus(1.0)) == -1.0
    consonant = piece("67:4 67:4 67:8", "60:6 59:2 60:8", "52:4 52:4 52:8", "48:4 45:4 48:8")
    assert cost(consonant, SuspensionBonus(1.0)) == 0.0


def test_bach_adds_nothing():
    assert BACH.penalties == ()
    assert DecodingOptions().penalties_with() == DEFAULT_PENALTIES
    assert DecodingOptions("sample").penalties_with() == SAMPLING_PENALTIES


def test_single_dials_take_the_place_of_the_styles():
    names = {p.name for p in Difficulty("plain", max_rhythm="eighth").penalties}
    assert "quicker than eighth" in names
    assert "quicker than quarter" not in names
    assert [p.name for p in Difficulty(leaps="small").penalties] == ["large leap"]
    assert Difficulty(max_rhythm="sixteenth").penalties == ()


@pytest.mark.parametrize(
    "dial", [{"style": "baroque"}, {"max_rhythm": "half"}, {"accidentals": "no"}, {"leaps": "big"}]
)
def test_unknown_settings(dial):
    with pytest.raises(UsageError, match="is no setting of"):
        Difficulty(**dial)


def places(difficulty, music, given=(Voice.SOPRANO,)):
    cells = Given.voices(music.frames, given).cells
    return departures(difficulty, music, cells, bars_with_beats(music))


def test_departures_say_how_many_and_where():
    assert places(Difficulty(max_rhythm="quarter"), LIVELY) == (
        "notes off the quarters without the tune in 2 places: tenor in bar 1, beat 1.25, "
        "alto in bar 1, beat 1.5",
    )
    assert places(BACH, LIVELY) == ()
    strange = piece(*["72:4 73:4 73:4 73:4"] * 4)
    [line] = places(Difficulty(accidentals="few"), strange)
    assert line.startswith(
        "notes outside the scale of C major in 9 places: alto in bar 1, beat 2, "
    )
    assert line.endswith(" and 6 more")
    assert places(Difficulty(accidentals="few"), strange, tuple(Voice)) == ()


def test_in_compound_meters_voices_move_on_dotted_quarters():
    meter = Meter(6, 8)
    music = piece("72:6 74:6", "67:6 67:6", "60:4 62:2 60:6", "48:12", meter=meter)
    assert places(Difficulty(max_rhythm="eighth"), music) == ()
    [line] = places(Difficulty(max_rhythm="quarter"), music)
    assert line == "notes off the quarters without the tune in 1 place: tenor in bar 1, beat 1.67"


@pytest.mark.parametrize("style", ["plain", "florid"])
def test_no_style_makes_faults_cheaper(style):
    usual, found = GUIDED_PENALTIES.weights, Difficulty(style).applied_to(GUIDED_PENALTIES).weights
    for name in RULES:
        assert found.get(name, 0) >= usual.get(name, 0)
    for name in ("parallel fifths", "parallel octaves"):
        assert found[name] > usual[name]
