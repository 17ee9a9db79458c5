"""Sound is in tune, level, without clipping or clicks, and has every note."""

import io
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cents import cents_off, near
from made_font import sine_font

from bachbot.errors import OutputError, ScoreError, UsageError
from bachbot.scores.score import Sounding
from bachbot.scores.sound import fluidsynth
from bachbot.scores.sound.audio import FORMATS, RATE, audio_bytes, encode_audio, synthesize
from bachbot.scores.sound.instruments import PROGRAMS
from bachbot.scores.sound.mixing import MAX_PEAK, TARGET_LOUDNESS, loudness, true_peak

SOUNDS = tuple(PROGRAMS)
SUSTAINED = ("organ", "choir", "strings")


def note(
    pitch: int, start: float = 0, length: float = 1, voice: int = 0, fermata: bool = False
) -> Sounding:
    return Sounding(voice, pitch, Fraction(start), Fraction(length), fermata)


def hymn(bars: int = 16) -> list[Sounding]:
    """Bars of four voices."""
    chords = ((67, 62, 59, 43), (69, 62, 57, 50), (71, 62, 55, 43), (72, 64, 60, 48))
    return [
        note(pitch, beat, 1, voice, fermata=beat % 16 == 15)
        for beat in range(4 * bars)
        for voice, pitch in enumerate(chords[beat % 4])
    ]


def strength(sound: np.ndarray, start: float, stop: float) -> float:
    """Return the root mean square between two times."""
    part = sound[int(start * RATE) : int(stop * RATE)]
    return float(np.sqrt((part.astype(float) ** 2).mean()))


def partial(sound: np.ndarray, pitch: int, start: float, stop: float) -> float:
    """Return the strength of a pitch's lowest partials between two times."""
    part = sound[int(start * RATE) : int(stop * RATE)].sum(axis=1)
    size = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 18)) ** 2
    frequencies = np.fft.rfftfreq(1 << 18, 1 / RATE)
    true = 440 * 2 ** ((pitch - 69) / 12)
    return float(np.sqrt(sum(size[near(frequencies, n * true, 40)].sum() for n in (1, 2))))


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUNDS)
def test_every_key_is_in_tune_within_five_cents(name: str) -> None:
    """Over the range of the voices and a little beyond; keys far apart, so that none rings on."""
    keys = [36 + (i * 17) % 46 for i in range(46)]
    assert sorted(keys) == list(range(36, 82))
    # The slowing takes the last four quarters before the last note at the most.
    notes = [note(k, 3 * i, 2) for i, k in enumerate([*keys, 48, 72])]
    sound = synthesize(notes, tempo=60, sound=name)
    for i, key in enumerate(keys):
        tone = sound[int((3 * i + 0.1) * RATE) : int((3 * i + 1.9) * RATE)].sum(axis=1)
        assert abs(cents_off(tone, key, RATE)) < 5, key
        assert strength(sound, 3 * i + 0.1, 3 * i + 0.6) > 0.01, key


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUNDS)
def test_level_and_length(name: str) -> None:
    sound = synthesize(hymn(), tempo=72, sound=name)
    assert sound.dtype == np.float32
    assert sound.shape[1] == 2
    assert loudness(sound, RATE) == pytest.approx(TARGET_LOUDNESS, abs=0.05)
    assert true_peak(sound) <= 10 ** (MAX_PEAK / 20)
    # 64 beats, longer for four fermatas, three breaths, the slower end and the echo:
    # 4 * 0.8 beats held, 4 beats at a pace of 1 to 0.75 and the last at 0.75, held too
    beat = 60 / 72
    slow = sum(1 / (1 - 0.25 * (i + 0.5) / 16) for i in range(16)) / 4 + 1.8 / 0.75
    expected = (59 + 3 * 0.8 + slow) * beat + 3 * 0.15 + 1.2
    assert len(sound) / RATE == pytest.approx(expected, abs=0.01)


@pytest.mark.slow
def test_different_pieces_are_equally_loud() -> None:
    """By less than half a LU: high or low, one voice or four, any instrument."""
    pieces = (hymn(4), [note(81, i) for i in range(8)], [note(p, 0, 12, 3) for p in (40, 47)])
    found = [
        loudness(synthesize(piece, tempo=60, sound=name), RATE)
        for piece in pieces
        for name in SOUNDS
    ]
    # A lone piano tone dies away: its attack is as loud as may be, which is too soft by a little.
    assert max(found) < TARGET_LOUDNESS + 0.1
    assert sorted(found)[1] > TARGET_LOUDNESS - 0.4


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUNDS)
def test_every_beat_sounds_at_its_pitch(name: str) -> None:
    beats = [note(60 + 5 * (i % 2), i, 1) for i in range(24)]
    sound = synthesize(beats, tempo=120, sound=name)
    # The slowing takes the last four quarters before the last note at the most.
    for i in range(1, 18):
        heard, other = (
            partial(sound, 60 + 5 * (k % 2), 0.5 * i + 0.2, 0.5 * i + 0.5) for k in (i, i + 1)
        )
        assert heard > 2 * other, i


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUNDS)
def test_all_four_voices_sound(name: str) -> None:
    chord = (72, 67, 64, 48)
    full = synthesize([note(p, 0, 4, v) for v, p in enumerate(chord)], tempo=60, sound=name)
    for pitch in chord:
        without = [note(p, 0, 4, v) for v, p in enumerate(chord) if p != pitch]
        lacking = synthesize(without, tempo=60, sound=name)
        assert partial(full, pitch, 0.3, 2) > 1.15 * partial(lacking, pitch, 0.3, 2), pitch


@pytest.mark.slow
def test_sound_begins_at_once_and_dies_away() -> None:
    for name in SOUNDS:
        sound = synthesize(hymn(8), tempo=72, sound=name)
        assert strength(sound, 0, 0.2) > 0.01
        assert np.abs(sound[:2]).max() < 0.01
        assert np.abs(sound[-10:]).max() < 1e-3
        windows = [strength(sound, 0.05 * i, 0.05 * i + 0.2) for i in range(int(26 / 0.05))]
        assert min(windows) > 0.003  # nowhere silent, the breaths of the fermatas in their echo


@pytest.mark.slow
@pytest.mark.parametrize("name", SUSTAINED)
def test_no_clicks(name: str) -> None:
    """Notes that begin and end add no step that held notes do not have."""
    held = [note(p, 0, 8, v) for v, p in enumerate((79, 72, 64, 48))]
    moving = [note(p + i % 2, i, 1, v) for i in range(8) for v, p in enumerate((79, 72, 64, 48))]
    steps = []
    for notes in (held, moving):
        sound = synthesize(notes, tempo=60, sound=name)
        steps.append(np.abs(np.diff(sound, n=2, axis=0)).max() / strength(sound, 1, 7))
    assert steps[1] < 1.6 * steps[0]


def test_repeated_notes_are_separated() -> None:
    again, held = (
        synthesize(notes, tempo=60)
        for notes in ([note(67, i, 1) for i in range(8)], [note(67, 0, 8)])
    )
    for end in (2, 3):
        assert strength(again, end - 0.04, end) < 0.7 * strength(held, end - 0.04, end)
        assert strength(again, end + 0.3, end + 0.6) > 0.6 * strength(held, end + 0.3, end + 0.6)


def test_different_notes_are_legato() -> None:
    joined = synthesize([note(67 + 2 * (i % 2), i, 1) for i in range(8)], tempo=60)
    assert strength(joined, 1.94, 2.06) / strength(joined, 1.4, 1.8) > 0.6


@pytest.mark.parametrize("late", [0, Fraction(1, 2), Fraction(5, 4)])
def test_two_voices_in_unison_are_louder_than_one(late: Fraction) -> None:
    """Whenever the second comes in, it adds to the first."""
    reference = note(84, 6, 2, 0)
    one = [note(60, 0, 4, 1), reference]
    two = [*one, note(60, late, 4 - late, 2)]
    strong = [
        partial(s, 60, 2, 3.5) / strength(s, 7, 8)
        for s in (synthesize(notes, tempo=60) for notes in (one, two))
    ]
    assert strong[1] > 1.4 * strong[0]


def test_the_voices_are_panned_from_left_to_right() -> None:
    places = []
    for voice in range(4):
        left, right = (synthesize([note(60, 0, 2, voice)], tempo=60) ** 2).sum(axis=0)
        places.append(right / (left + right))
    assert places == sorted(places)
    assert 0.05 < places[0] < 0.4
    assert 0.6 < places[3] < 0.95


@pytest.mark.slow
def test_a_fermata_is_held_and_followed_by_a_breath() -> None:
    after = [note(60 + i % 2, 4 + i, 1) for i in range(12)]
    plain = [note(60, 0, 2), note(64, 2, 2), *after]
    held = [note(60, 0, 2), note(64, 2, 2, fermata=True), *after]
    longer = len(synthesize(held, tempo=60)) - len(synthesize(plain, tempo=60))
    assert longer == pytest.approx((0.8 + 0.15) * RATE, abs=2)
    sound = synthesize(held, tempo=60)
    end = 4 + longer / RATE
    assert strength(sound, end - 0.04, end) < 0.7 * strength(sound, 3, 3.5)
    assert strength(sound, end - 0.3, end - 0.2) > 0.6 * strength(sound, 3, 3.5)


@pytest.mark.slow
def test_the_tempo_sets_the_length() -> None:
    slow, fast = (len(synthesize(hymn(4), tempo=t)) / RATE - 1.2 - 0.0 for t in (60, 120))
    assert slow / fast == pytest.approx(2, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUNDS)
def test_order_does_not_matter(name: str) -> None:
    first = synthesize(hymn(2), tempo=72, sound=name)
    assert np.array_equal(first, synthesize(hymn(2)[::-1], tempo=72, sound=name))


@pytest.mark.slow
def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from test_audio import audio_bytes, hymn\n"
        "sys.stdout.buffer.write(audio_bytes(hymn(1), '.wav', tempo=72))"
    )
    here = Path(__file__).parent
    command = [sys.executable, "-c", program, here, here.parent]
    other = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    assert audio_bytes(hymn(1), ".wav", tempo=72) == other


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_has_the_same_sound(suffix: str) -> None:
    sound = synthesize([note(60, 0, 2), note(64, 0, 2, 1)], tempo=90)
    read, rate = soundfile.read(io.BytesIO(encode_audio(sound, suffix)))
    assert rate == RATE
    assert read.shape == sound.shape
    error = np.sqrt(((read - sound) ** 2).mean()) / np.sqrt((sound**2).mean())
    assert error < {".wav": 1e-3, ".flac": 1e-3, ".ogg": 0.1, ".mp3": 0.1}[suffix]
    assert np.abs(read).max() < 1


@pytest.mark.slow
def test_vorbis_encodes_long_pieces() -> None:
    quiet = np.zeros((RATE * 60 * 2, 2), dtype=np.float32)
    info = soundfile.info(io.BytesIO(encode_audio(quiet, ".ogg")))
    assert info.frames == len(quiet)


def test_a_user_soundfont(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sine font: its pitch, and nothing but its pitch, an octave up."""
    monkeypatch.setattr(fluidsynth, "is_installed", lambda: False)
    font = sine_font(tmp_path / "sine.sf2")
    sound = synthesize([note(81, 0, 4)], tempo=60, sound=str(font))
    mono = sound[RATE : 3 * RATE].sum(axis=1) * np.hanning(2 * RATE)
    size = np.abs(np.fft.rfft(mono))
    frequencies = np.fft.rfftfreq(2 * RATE, 1 / RATE)
    assert frequencies[size.argmax()] == pytest.approx(880, abs=0.5)
    other = ~near(frequencies, 880, 100)
    assert size[other].max() < 1e-3 * size.max()


def test_what_cannot_be_played() -> None:
    with pytest.raises(ScoreError, match="no notes to play"):
        synthesize([], tempo=72)
    with pytest.raises(UsageError, match="tempo of 0"):
        synthesize(hymn(1), tempo=0)
    with pytest.raises(UsageError, match="tempo of nan"):
        synthesize(hymn(1), tempo=float("nan"))
    with pytest.raises(UsageError, match="'kazoo' is not a sound"):
        synthesize(hymn(1), tempo=72, sound="kazoo")
    with pytest.raises(OutputError, match="minutes"):
        synthesize([note(60, 0, 10**9)], tempo=72)
