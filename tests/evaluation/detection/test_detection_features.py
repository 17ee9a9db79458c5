import numpy as np
import pytest
from detection_made import block, some, struck_again
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale, Key, Meter, Voice
from bachbot.evaluation.detection import InformationLevel, features
from bachbot.evaluation.detection.features import piece_features
from bachbot.evaluation.detection.piece_view import PieceView, VoiceNotes, ratio, tokens_of

I = [72, 67, 64, 48]  # noqa: E741
IV = [72, 69, 65, 53]
V = [71, 67, 62, 55]
I6 = [72, 67, 60, 52]

NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"]


def changed(chorale, pitch=(), onsets=()):
    """The same with some pitches (frames, voice, pitch) and onsets (frame, voice) of its own."""
    new, tied = chorale.pitch.copy(), chorale.tied.copy()
    for frames, voice, height in pitch:
        new[frames, voice] = height
    for frame, voice in onsets:
        tied[frame, voice] = False
    return Chorale(new, tied, chorale.fermata, key=chorale.key)


def test_notes_of_a_voice():
    chorale = block(I, [-1, 67, 64, 48], V, frames=2)
    notes = VoiceNotes.of(chorale, Voice.SOPRANO)
    assert notes.start.tolist() == [0, 4]
    assert notes.length.tolist() == [2, 2]
    assert notes.pitch.tolist() == [72, 71]
    assert notes.moves.size == 0  # there is a rest in between
    assert VoiceNotes.of(chorale, Voice.BASS).moves.tolist() == [7]


def test_rhythm():
    # Two beats; the tenor passes through in eighths and a sixteenth, held over into the second.
    chorale = changed(
        block(I, I),
        [(slice(2, 3), 2, 62), (slice(3, 8), 2, 60)],
        [(2, 2), (3, 2)],
    )
    chorale = Chorale(
        chorale.pitch, chorale.tied | (np.arange(8)[:, None] == [9, 9, 4, 9]), chorale.fermata
    )
    values = features.note_values(PieceView(chorale))
    assert values["alto: notes per beat"] == 1
    assert values["tenor: notes per beat"] == 3 / 2
    assert values["tenor: eighths, of notes"] == pytest.approx(1 / 3)
    assert values["tenor: sixteenths, of notes"] == pytest.approx(1 / 3)
    assert values["tenor: halves or longer, of notes"] == 0
    off = features.syncopation(PieceView(chorale))
    assert off["tenor: notes off the beat, of notes"] == pytest.approx(2 / 3)
    assert off["tenor: off the beat and held over the next, of notes"] == pytest.approx(1 / 3)
    assert off["alto: notes off the beat, of notes"] == 0
    found = features.simultaneous_onsets(PieceView(chorale))
    assert found == {
        "onsets in all four voices, of beats with an onset": 1 / 2,
        "onset in one voice only, of beats with an onset": 0,
        "onsets in two voices or more, of onsets off the beat": 0,
        "beats with an onset within": 1 / 2,
    }
    again = features.repeated_notes(PieceView(chorale))
    assert again["bass: repeated notes, of notes"] == 1 / 2
    assert again["tenor: repeated notes, of notes"] == 0


def test_melodic_intervals_ranges_and_spacing():
    tune = block(*([pitch, 67, 60, 48] for pitch in (72, 74, 75, 72, 79, 71)))
    found = features.melodic_intervals(PieceView(tune))
    expected = {
        "half steps": 1, "whole steps": 1, "thirds": 1, "fourths and fifths": 1, "wider leaps": 1,
    }  # fmt: skip
    for name, count in expected.items():
        assert found[f"soprano: {name}, of moves"] == count / 5
    assert found["soprano: moves up, of moves"] == 3 / 5
    assert found["soprano: changes of direction, of moves after a move"] == 3 / 4
    assert np.isnan(found["alto: half steps, of moves"])
    still = features.held_or_repeated_beats(PieceView(tune))
    assert still["soprano: on the pitch of the beat before"] == 0
    assert still["alto: on the pitch of the beat before"] == 1
    assert features.voice_ranges(PieceView(tune))["soprano: semitones of range"] == 8
    apart = features.voice_spacing(PieceView(block(I, [67, 67, 52, 48])))
    assert apart["semitones soprano to alto"] == 5 / 2
    assert apart["unisons soprano and alto"] == 1 / 2
    assert apart["semitones tenor to bass"] == (16 + 4) / 2
    assert apart["soprano to tenor within an octave"] == 1 / 2


def test_motion():
    # Soprano and alto go up in sixths, then in contrary motion; the bass rests on its note.
    found = features.similar_and_parallel_motion(
        PieceView(block([72, 64, 60, 48], [74, 65, 60, 48], [72, 67, 60, 48]))
    )
    name = "soprano and alto: {}, where both move"
    assert found[name.format("similar motion")] == 1 / 2
    assert found[name.format("in thirds or sixths")] == 1 / 2
    assert np.isnan(found["soprano and bass: similar motion, where both move"])
    up = [pitch + 2 for pitch in I]
    assert features.motion_in_all_voices(
        PieceView(block(I, up, [71, 71, 62, 52], [71, 71, 62, 55]))
    ) == {
        "all four move, where any moves": 2 / 3,
        "all in one direction, where all four move": 1 / 2,
    }


def test_chords():
    found = features.chord_qualities_and_inversions(
        PieceView(block(I, V, I6, [-1] * 4, [72, 65, 62, 55]))
    )
    assert found["beats: major"] == 3 / 4
    assert found["beats: no chord"] == 1 / 4
    assert found["chords: root position"] == pytest.approx(2 / 3)
    assert found["chords: first inversion"] == pytest.approx(1 / 3)
    found = features.root_degrees_and_progressions(PieceView(block(I, IV, V, I, I6)))
    assert found["root: I"] == 3 / 5
    assert found["root: IV"] == found["root: V"] == 1 / 5
    assert found["root moves down a fifth"] == pytest.approx(2 / 3)
    assert found["root moves up a step"] == pytest.approx(1 / 3)
    passing = changed(block(I, I, V), [(slice(2, 4), 3, 50)], [(2, 3)])
    found = features.chord_changes(PieceView(passing))
    assert found["chord changes per beat"] == pytest.approx(1 / 3)
    assert found["different chords per beat"] == pytest.approx(2 / 3)
    assert found["chord changes within the beat"] == pytest.approx(1 / 3)
    assert found["halfway through beats: no chord"] == pytest.approx(1 / 3)
    assert features.chords_used_once(PieceView(passing)) == {
        "chords used once, of different chords": 1 / 2
    }
    sharp = features.notes_outside_the_key(PieceView(block(I, [69, 66, 62, 50])))
    assert sharp["alto: notes outside the key, of notes"] == 1 / 2
    assert sharp["bass: notes outside the key, of notes"] == 0


def test_doublings():
    third = [76, 67, 64, 48]
    tripled = [72, 64, 60, 48]
    found = features.triad_doublings(PieceView(block(I, third, tripled, [79, 67, 64, 48], I6)))
    assert found == {
        "root position: third doubled": 1 / 4,
        "root position: fifth doubled": 1 / 4,
        "root position: no fifth": 1 / 4,
        "root position: root tripled": 1 / 4,
        "first inversion: third doubled": 0,
        "first inversion: root doubled": 1,
    }


def test_suspensions():
    # The soprano's C is held over G and falls to B within the beat: a suspended fourth.
    chorale = changed(block(I, V), [(slice(4, 6), 0, 72)], [(6, 0)])
    tied = chorale.tied.copy()
    tied[4, 0] = True
    chorale = Chorale(chorale.pitch, tied, chorale.fermata)
    found = features.suspensions(PieceView(chorale))
    assert found["soprano: suspensions per beat"] == 1 / 2
    assert found["alto: suspensions per beat"] == 0
    assert features.suspensions(PieceView(block(I, V)))["soprano: suspensions per beat"] == 0


def test_phrases_bars_and_repetition():
    chorale = block(I, V, I, IV, V, IV, V, fermatas=(2, 6), meter=Meter(2, 4))
    found = features.phrase_lengths_and_endings(PieceView(chorale))
    assert found["phrases: beats"] == 4
    assert found["fermatas per beat"] == 2 / 7
    assert found["fermatas: root position"] == 1
    assert found["fermatas: on I"] == found["fermatas: on V"] == 1 / 2
    assert found["fermatas: bass moves by a fourth or fifth"] == 1 / 2
    found = features.downbeat_changes(PieceView(block(I, V, V, V, V, I, meter=Meter(2, 4))))
    assert found["bars: new chord on the first beat"] == 0
    assert found["bars: new chord on another beat"] == 2 / 3
    found = features.repeated_beats(PieceView(block(I, V, I, V, IV)))
    assert found["beats repeated"] == 2 / 5
    assert found["runs of 2 beats repeated"] == 1 / 4
    assert found["runs of 4 beats repeated"] == 0


def test_faults_are_rates_of_the_rules():
    fifths = block([67, -1, -1, 48], [69, -1, -1, 50], [71, -1, -1, 50])
    found = piece_features(fifths, InformationLevel.SCORE)
    assert found["rule: parallel fifths"] == 1
    assert found["rule: parallel octaves"] == 0
    assert np.isnan(found["rule: seventh unresolved"])
    high = block([90, 67, 64, 48])
    assert piece_features(high, InformationLevel.SCORE)["rule: out of range"] == 1 / 4
    assert "rule: out of range" not in piece_features(high, InformationLevel.NOTES)


def test_every_feature_is_defined_for_some_piece_of_bach(corpus):
    found = [
        piece_features(chorale, InformationLevel.SCORE)
        for chorale in corpus.part("validation")[:20]
    ]
    names = set(found[0])
    assert 100 < len(names) < 200
    defined = {name for name in names if any(not np.isnan(row[name]) for row in found)}
    assert defined == names


@pytest.mark.slow
@settings(max_examples=40)
@given(chorales(min_frames=1), st.integers(-5, 6))
def test_transposition_makes_no_difference(chorale, shift):
    home = chorale.transposed(0, Key("A", "minor"))
    away = home.transposed(shift, Key(NAMES[(9 + shift) % 12], "minor"))
    moved = piece_features(away, InformationLevel.SCORE)
    for name, value in piece_features(home, InformationLevel.SCORE).items():
        assert moved[name] == pytest.approx(value, nan_ok=True), name
    assert sorted(tokens_of(home)) == sorted(tokens_of(away))


@pytest.mark.slow
@settings(max_examples=40)
@given(chorales(min_frames=1))
def test_shares_are_between_0_and_1(chorale):
    for level in InformationLevel:
        for name, value in piece_features(level.reduce(chorale), level).items():
            if name.startswith("rule"):
                # More than 1 where three voices double the leading note: three pairs in a frame.
                assert np.isnan(value) or value >= 0, name
            elif ", of " in name or name.startswith(("root", "beats", "chords")):
                assert np.isnan(value) or 0 <= value <= 1, name


@pytest.mark.slow
@settings(max_examples=40)
@given(chorales(min_frames=1))
def test_the_level_of_notes_has_neither_repeated_notes_nor_fermatas(chorale):
    reduced = InformationLevel.NOTES.reduce(chorale)
    tied = np.zeros_like(chorale.tied)
    other = Chorale(chorale.pitch, tied, ~chorale.fermata, meter=Meter(3, 4), transposed_by=2)
    assert reduced.same_music(InformationLevel.NOTES.reduce(other))
    assert (
        piece_features(reduced, InformationLevel.NOTES).keys()
        < piece_features(chorale, InformationLevel.SCORE).keys()
    )
    assert InformationLevel.NOTES.reduce(reduced).same_music(reduced)
    assert InformationLevel.SCORE.reduce(chorale) is chorale


def test_tokens():
    tokens = tokens_of(block(I, V))
    assert "i02:0 -1" in tokens  # the soprano falls a half step
    assert "p03:24:-1:7" in tokens  # over the bass, which rises a fifth
    assert "k1:0:0.4.7" in tokens
    assert "c2:0>0.4.7 7>0.4.7" in tokens
    [piece] = some(0, 1)
    assert sorted(tokens_of(piece)) != sorted(tokens_of(struck_again(piece)))


def test_a_ratio_of_nothing_is_nan():
    assert np.isnan(ratio(0, 0))
    assert ratio(np.array([True, False]), 4) == 0.25
