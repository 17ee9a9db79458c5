"""The organ: in tune, without clips or clicks, and every note of it heard."""

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bachbot.errors import OutputError, ScoreError, UsageError
from bachbot.scores.audio import RATE, synthesise, write_wav
from bachbot.scores.sounding import Sounding

PEAK = 10 ** (-3 / 20)


def note(
    pitch: int, start: float = 0, length: float = 1, voice: int = 0, fermata: bool = False
) -> Sounding:
    return Sounding(voice, pitch, Fraction(start), Fraction(length), fermata)


def hymn() -> list[Sounding]:
    """Sixteen bars of four voices."""
    chords = ((67, 62, 59, 43), (69, 62, 57, 50), (71, 62, 55, 43), (72, 64, 60, 48))
    return [
        note(pitch, beat, 1, voice, fermata=beat % 16 == 15)
        for beat in range(64)
        for voice, pitch in enumerate(chords[beat % 4])
    ]


def spectrum(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mono = sound.sum(axis=1) * np.hanning(len(sound))
    size = 1 << 20
    return np.fft.rfftfreq(size, 1 / RATE), np.abs(np.fft.rfft(mono, size))


def loudness(sound: np.ndarray, start: float, stop: float) -> float:
    """Root mean square between two seconds."""
    part = sound[int(start * RATE) : int(stop * RATE)]
    return float(np.sqrt((part.astype(float) ** 2).mean()))


@pytest.mark.parametrize("pitch", [36, 45, 57, 60, 69, 76, 81])
def test_in_tune_within_five_cents(pitch: int) -> None:
    sound = synthesise([note(pitch, 0, 4)], tempo=60)
    frequencies, size = spectrum(sound[RATE // 2 : 3 * RATE])
    true = 440 * 2 ** ((pitch - 69) / 12)
    near = np.abs(frequencies / true - 1) < 0.05
    found = frequencies[near][size[near].argmax()]
    assert abs(1200 * np.log2(found / true)) < 5
    # and it is the lowest tone there: no rank sounds an octave down
    assert size[frequencies < 0.9 * true].max() < 0.05 * size[near].max()


def test_shape_peak_and_length() -> None:
    sound = synthesise(hymn(), tempo=72)
    assert sound.dtype == np.float32
    assert sound.shape[1] == 2
    assert np.abs(sound).max() == pytest.approx(PEAK, rel=1e-3)
    # 64 beats, longer for four fermatas, their breaths, the slower end and the echo
    plain = 64 * 60 / 72
    assert plain + 3 < len(sound) / RATE < plain + 8


def test_without_fermatas_the_beats_come_when_the_tempo_says() -> None:
    beats = [note(60 + 5 * (i % 2), i, 1) for i in range(40)]
    sound = synthesise(beats, tempo=120)
    # The slowing takes the last four quarters before the last note at the most.
    strength = np.array([loudness(sound, 0.5 * i + 0.1, 0.5 * i + 0.4) for i in range(34)])
    assert strength.min() > 0.05
    for i in range(34):
        frequencies, size = spectrum(sound[int((0.5 * i + 0.1) * RATE) :][: int(0.3 * RATE)])
        wanted, other = (440 * 2 ** ((60 + 5 * (k % 2) - 69) / 12) for k in (i, i + 1))
        heard = [size[np.abs(frequencies - f).argmin()] for f in (wanted, other)]
        assert heard[0] > 4 * heard[1]


def test_sound_begins_at_once_and_dies_away() -> None:
    sound = synthesise(hymn(), tempo=72)
    assert loudness(sound, 0, 0.1) > 0.01
    assert np.abs(sound[:2]).max() < 0.01
    assert np.abs(sound[-10:]).max() < 1e-3
    windows = [loudness(sound, 0.05 * i, 0.05 * i + 0.2) for i in range(int(50 / 0.05))]
    assert min(windows) > 0.003  # nowhere silent, the breaths of the fermatas in their echo


def test_no_clicks() -> None:
    """No step between samples is larger than the tones themselves make."""
    held = synthesise([note(p, 0, 8, v) for v, p in enumerate((79, 72, 64, 48))], tempo=60)
    moving = synthesise(
        [note(p + i % 2, i, 1, v) for i in range(8) for v, p in enumerate((79, 72, 64, 48))],
        tempo=60,
    )
    steps = [np.abs(np.diff(s, axis=0)).max() / np.abs(s).max() for s in (held, moving)]
    assert steps[1] < 1.2 * steps[0]


def test_a_repeated_note_is_struck_again_and_a_long_one_is_not() -> None:
    again = synthesise([note(67, i, 1) for i in range(8)], tempo=60)
    held = synthesise([note(67, 0, 8)], tempo=60)
    dips = [loudness(s, 1.98, 2.005) / loudness(s, 1.4, 1.8) for s in (again, held)]
    assert dips[0] < 0.4
    assert dips[1] > 0.8


def test_different_notes_are_joined() -> None:
    joined = synthesise([note(67 + 2 * (i % 2), i, 1) for i in range(8)], tempo=60)
    assert loudness(joined, 1.94, 2.06) / loudness(joined, 1.4, 1.8) > 0.5


@pytest.mark.parametrize("late", [0, Fraction(1, 2), Fraction(5, 4)])
def test_two_voices_in_unison_are_louder_than_one(late: Fraction) -> None:
    """Whenever the second comes in, it adds to the first."""
    high = note(84, 6, 2, 0)  # sets the same peak for both
    one = [note(60, 0, 4, 1), high]
    two = [*one, note(60, late, 4 - late, 2)]
    strong = [loudness(synthesise(s, tempo=60), 2, 3.5) for s in (one, two)]
    weights = [loudness(synthesise(s, tempo=60), 6.3, 7) for s in (one, two)]
    assert strong[1] / weights[1] > 1.4 * strong[0] / weights[0]


def test_the_voices_stand_from_left_to_right() -> None:
    places = []
    for voice in range(4):
        left, right = (synthesise([note(60, 0, 2, voice)], tempo=60) ** 2).sum(axis=0)
        places.append(right / (left + right))
    assert places == sorted(places)
    assert 0.05 < places[0] < 0.4
    assert 0.6 < places[3] < 0.95


def test_a_fermata_is_held_and_followed_by_a_breath() -> None:
    after = [note(60 + i % 2, 4 + i, 1) for i in range(12)]
    plain = [note(60, 0, 2), note(64, 2, 2), *after]
    held = [note(60, 0, 2), note(64, 2, 2, fermata=True), *after]
    longer = len(synthesise(held, tempo=60)) - len(synthesise(plain, tempo=60))
    assert 0.5 * RATE < longer < 1.5 * RATE
    sound = synthesise(held, tempo=60)
    end = 4 + longer / RATE
    assert loudness(sound, end - 0.06, end) < 0.4 * loudness(sound, 3, 3.5)
    assert loudness(sound, end - 0.3, end - 0.2) > 0.6 * loudness(sound, 3, 3.5)


def test_tempo_and_rate() -> None:
    slow, fast = (synthesise(hymn(), tempo=t) for t in (60, 120))
    assert len(slow) / len(fast) == pytest.approx(2, rel=0.05)
    low = synthesise([note(100, 0, 2)], tempo=60, rate=8000)
    assert 0.5 < np.abs(low).max() <= PEAK * 1.001
    assert len(low) < 4 * 8000


def test_order_does_not_matter_and_the_same_comes_again() -> None:
    first = synthesise(hymn(), tempo=72)
    assert np.array_equal(first, synthesise(hymn()[::-1], tempo=72))


def test_the_file_is_a_wav_of_sixteen_bits(tmp_path: Path) -> None:
    notes = [note(60, 0, 2), note(64, 0, 2, 1)]
    write_wav(notes, tmp_path / "a.wav", tempo=90)
    write_wav(notes, tmp_path / "b.wav", tempo=90)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav", "b.wav"]
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    sound = synthesise(notes, tempo=90)
    assert np.abs(raw / 32767 - sound).max() < 1e-4
    assert np.abs(raw).max() < 32767


def test_what_cannot_be_played() -> None:
    with pytest.raises(ScoreError, match="no note"):
        synthesise([], tempo=72)
    with pytest.raises(UsageError, match="tempo of 0"):
        synthesise(hymn(), tempo=0)
    with pytest.raises(UsageError, match="tempo of nan"):
        synthesise(hymn(), tempo=float("nan"))
    with pytest.raises(UsageError, match="too few"):
        synthesise(hymn(), tempo=72, rate=100)
    with pytest.raises(OutputError, match="minutes"):
        synthesise([note(60, 0, 10**9)], tempo=72)


def test_no_folder_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="not there"):
        write_wav(hymn(), tmp_path / "no" / "a.wav", tempo=72)
