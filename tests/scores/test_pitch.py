"""Pitches and their names; the spelling against that of Bach's editors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pieces import BACH, quietly
from strategies import chorales

from bachbot.chorale import VOICES, Chorale, Key, Voice, note_name
from bachbot.errors import ScoreError
from bachbot.scores.musicxml.complete import names_of
from bachbot.scores.pitch import (
    ACCIDENTALS,
    SEMITONES,
    midi_and_name,
    nearest_name,
    pitch_label,
    signature_alter,
    spell,
    spelled_pitch,
    written_fifths,
)

# Every sixth of the half that the weights were not tuned on.
HELD_OUT = sorted(BACH.glob("bwv*.mxl"))[1::6]


@pytest.mark.slow
def test_the_lower_voices_of_bachs_chorales_are_spelled_as_printed():
    """Over 60 chorales more than 99.9%; the key here is what the soprano alone gives."""
    wrong = total = pieces = 0
    for path in HELD_OUT:
        try:
            score = quietly(path, voices=VOICES)
        except ScoreError:
            continue  # instruments beside the voices
        melody = quietly(path).chorale
        chorale = score.chorale
        truth = np.stack([names_of(score.lines[v], chorale.frames) for v in VOICES], axis=1)
        chorale = Chorale(
            chorale.pitch, chorale.tied, chorale.fermata, key=melody.key, position=chorale.position
        )
        names = spell(chorale, {Voice.SOPRANO: truth[:, 0]})
        lower = chorale.onset[:, 1:]
        wrong += int((names[:, 1:] != truth[:, 1:])[lower].sum())
        total += int(lower.sum())
        pieces += 1
    assert pieces >= 50
    assert wrong / total < 0.003


def test_spelling_follows_the_context_not_only_the_signature():
    """By the signature alone, the E flat in this C major chorale would be a D sharp."""
    pitch = np.full((12, 4), -1)
    pitch[:4] = [72, 67, 63, 48]
    pitch[4:8] = [70, 67, 62, 55]
    pitch[8:] = [68, 65, 60, 53]
    piece = Chorale(pitch, np.zeros((12, 4)), np.zeros(12), key=Key("C", "major"))
    names = spell(piece)
    assert note_name(int(names[0, 2])) == "Eb"
    assert note_name(int(names[8, 0])) == "Ab"


def test_a_leading_note_is_spelled_upward():
    pitch = np.full((8, 4), -1)
    pitch[:4] = [71, 66, 63, 47]
    pitch[4:] = [71, 67, 64, 52]
    piece = Chorale(pitch, np.zeros((8, 4)), np.zeros(8), key=Key("E", "minor"))
    assert note_name(int(spell(piece)[0, 2])) == "D#"


@pytest.mark.slow
@given(chorales(max_frames=24))
def test_every_name_sounds_as_the_note(chorale):
    names = spell(chorale)
    sounds = chorale.pitch >= 0
    assert ((names.astype(int) * 7 - chorale.pitch) % 12 == 0)[sounds].all()
    assert names.min(initial=0) >= -17
    assert names.max(initial=0) <= 19


@pytest.mark.slow
@given(chorales(max_frames=24))
def test_given_names_are_kept(chorale):
    given_names = np.arange(chorale.frames, dtype=np.int16)
    assert np.array_equal(spell(chorale, {Voice.ALTO: given_names})[:, 1], given_names)


@pytest.mark.parametrize(("key", "fifths"), [("D#", -3), ("G#", -4), ("Fb", 4), ("C#", 7)])
def test_keys_with_too_many_accidentals_are_respelled(key, fifths):
    piece = Chorale(np.full((1, 4), 60), np.zeros((1, 4)), np.zeros(1), key=Key(key, "major"))
    assert written_fifths(piece) == fifths


def test_the_nearest_name():
    assert [nearest_name(p * 7, 2) for p in (60, 61, 66, 70)] == [0, 7, 6, -2]


@given(st.sampled_from("CDEFGAB"), st.sampled_from(sorted(ACCIDENTALS)), st.integers(0, 8))
def test_a_spelled_pitch_is_its_midi_pitch_and_name_and_back(step, alter, octave):
    midi, name = midi_and_name(step, alter, octave)
    assert midi % 12 == name * 7 % 12 == (SEMITONES[step] + alter) % 12
    assert spelled_pitch(midi, name) == (step, alter, octave)


@pytest.mark.parametrize("fifths", range(-7, 8))
def test_a_key_signature_alters_its_steps_in_order(fifths):
    altered = {step: signature_alter(fifths, step) for step in "FCGDAEB"}
    sharps, flats = "FCGDAEB"[: max(fifths, 0)], "BEADGCF"[: max(-fifths, 0)]
    assert altered == {step: (step in sharps) - (step in flats) for step in altered}


def test_labels_of_pitches():
    labels = ["A0", "C4", "C#4", "D4", "D#4", "E4", "F4", "F#4", "G4", "G#4", "A4", "A#4", "B4"]
    assert [pitch_label(midi) for midi in (21, *range(60, 72))] == labels
