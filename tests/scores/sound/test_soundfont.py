"""Soundfonts are played as their settings say, and damaged ones are refused."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_font import (
    KEYS,
    MODE,
    RATE,
    SAMPLE,
    SINE,
    chunk,
    head,
    sine_font,
    sine_parts,
    sine_pool,
    soundfont,
    tables,
)

from bachbot.errors import UsageError
from bachbot.scores.sound.instruments import PROGRAMS, SoundPreset
from bachbot.scores.sound.sampler import Instrument, Layer, envelope_levels
from bachbot.scores.sound.soundfont import Envelope, envelope, preset_zones, presets, read_soundfont

OUT = 44100


def instrument(path: Path, program: int = 19) -> Instrument:
    read = read_soundfont(path)
    return Instrument(read, preset_zones(read, 0, program), OUT)


def played(path: Path, key: int = 69, seconds: float = 3.0, program: int = 19) -> np.ndarray:
    """Return the tone of the only layer of a key."""
    [layer] = instrument(path, program).layers(key, seconds)
    return layer.tone


def frequency(tone: np.ndarray) -> float:
    """Return the strongest frequency, to a hundredth of a hertz."""
    size = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), 1 << 22))
    return float(np.fft.rfftfreq(1 << 22, 1 / OUT)[size.argmax()])


def open_and_play(path: Path) -> list[Layer]:
    """Play a key as `synthesize` does, with the default preset."""
    sound = SoundPreset.parse(str(path))
    read = read_soundfont(sound.path)
    return Instrument(read, preset_zones(read, sound.bank, sound.program), OUT).layers(69, 0.5)


def refused(path: Path, match: str) -> None:
    """Check that a soundfont is refused in one line, at the latest when it is played."""
    with pytest.raises(UsageError, match=match) as caught:
        open_and_play(path)
    assert "\n" not in str(caught.value)


def refused_or_played(path: Path) -> None:
    """Check that a soundfont is refused in one line, or plays finite numbers."""
    try:
        layers = open_and_play(path)
    except UsageError as error:
        message = str(error)
    else:
        message = ""
        for layer in layers:
            assert np.isfinite(layer.tone).all()
            assert np.isfinite(envelope_levels(layer.envelope, 1000, len(layer.tone), OUT)).all()
    assert "\n" not in message


# Settings are followed.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generators", "key", "cents"),
    [
        ({MODE: 1}, 69, 0),
        ({MODE: 1}, 50, -1900),
        ({MODE: 1}, 90, 2100),
        ({MODE: 1, 51: 2, 52: -30}, 69, 170),
        ({MODE: 1, 58: 57}, 69, 1200),
        ({MODE: 1, 56: 50}, 81, 600),
    ],
)
def test_tuning(tmp_path: Path, generators: dict[int, int], key: int, cents: float) -> None:
    """Key, coarse and fine tuning, another root key, keys a quarter tone apart."""
    tone = played(sine_font(tmp_path / "a.sf2", generators=generators), key)
    assert 1200 * np.log2(frequency(tone) / 440) == pytest.approx(cents, abs=0.05)


def test_a_sine_stays_one_however_long_it_is_looped(tmp_path: Path) -> None:
    tone = played(sine_font(tmp_path / "a.sf2"), 73, seconds=20)
    assert len(tone) >= 20 * OUT
    time = np.arange(len(tone)) / OUT
    wanted = 0.5 * np.sin(2 * np.pi * 440 * 2 ** (4 / 12) * time)
    # 50 ms on: the sine begins with a step of its slope.
    assert np.abs(tone - wanted)[OUT // 20 :].max() < 0.002


def test_without_a_loop_it_ends(tmp_path: Path) -> None:
    tone = played(sine_font(tmp_path / "a.sf2", generators={MODE: 0}), 69, seconds=5)
    assert len(tone) == pytest.approx(OUT, abs=50)


def test_the_filter_attenuates_by_frequency(tmp_path: Path) -> None:
    """At the cutoff 3 dB down, two octaves above it 24 dB."""
    cents = 1200 * np.log2(440 / 8.176)
    for lower, drop in ((0, 3.0), (2400, 24.2)):
        font = sine_font(tmp_path / f"{lower}.sf2", generators={MODE: 1, 8: round(cents - lower)})
        tone = played(font, 69)[OUT:]
        assert 20 * np.log10(0.5 / np.abs(tone).max()) == pytest.approx(drop, abs=0.3)


def test_attenuation_and_panning(tmp_path: Path) -> None:
    font = sine_font(tmp_path / "a.sf2", generators={MODE: 1, 48: 100, 17: -250})
    [layer] = instrument(font).layers(69, 1)
    assert np.abs(layer.tone[OUT // 2 :]).max() == pytest.approx(0.5 * 10 ** (-4 / 20), rel=0.01)
    assert layer.position == -0.5


def test_the_envelope_has_every_stage() -> None:
    shape = Envelope(delay=0.1, attack=0.2, hold=0.3, decay=1.0, release=0.5, sustain=20.0)
    level = envelope_levels(shape, 2 * OUT, 3 * OUT, OUT)
    at = lambda second: 20 * np.log10(level[int(second * OUT)] + 1e-9)  # noqa: E731
    assert level[: OUT // 10].max() == 0
    assert level[int(0.2 * OUT)] == pytest.approx(0.5, abs=0.01)
    assert at(0.4) == pytest.approx(0, abs=0.01)
    assert at(0.7) == pytest.approx(-10, abs=0.1)
    assert at(1.5) == pytest.approx(-20, abs=0.01)
    assert at(2.1) == pytest.approx(-40, abs=0.1)
    assert level[-1] == 0


def test_preset_offsets_and_key_ranges(tmp_path: Path) -> None:
    """Release: 1 s of the instrument, twice as long by the preset. Two ranges of keys."""
    zones = [
        {KEYS: 0 | 59 << 8, 38: 0, MODE: 1, SAMPLE: 0},
        {KEYS: 60 | 127 << 8, MODE: 1, SAMPLE: 1},
    ]
    heads = [head(b"a", (0, RATE), (8000, 24000), RATE, p) for p in (69, 57)]
    parts = tables([(b"x", 19, zones)], heads)
    parts["pgen"] = struct.pack("<HhHHHH", 38, 1200, 41, 0, 0, 0)
    parts["pbag"] = struct.pack("<HHHH", 0, 0, 2, 0)
    path = tmp_path / "a.sf2"
    path.write_bytes(soundfont(parts, sine_pool(), b"x"))
    low, high = preset_zones(read_soundfont(path), 0, 19)
    assert envelope(low, 60).release == pytest.approx(2)
    assert envelope(high, 60).release == pytest.approx(2 ** (-10800 / 1200))
    assert frequency(played(path, 57)) == pytest.approx(220, abs=0.05)
    assert frequency(played(path, 69)) == pytest.approx(880, abs=0.05)


def test_compressed_samples(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.5 * SINE, RATE, format="OGG", subtype="VORBIS")
    stream = buffer.getvalue()
    one = head(b"a", (0, len(stream)), (8000, 24000), RATE, 69, kind=0x11)
    path = tmp_path / "a.sf3"
    parts = tables([(b"x", 19, [{MODE: 1, SAMPLE: 0}])], [one])
    path.write_bytes(soundfont(parts, stream, b"x", version=3))
    assert frequency(played(path)) == pytest.approx(440, abs=0.05)
    path.write_bytes(soundfont(parts, bytes(len(stream)), b"x", version=3))
    refused(path, "cannot be decoded")


def test_a_file_without_padding_is_read(tmp_path: Path) -> None:
    """A chunk of odd length with the next right after it, as some programs write."""
    path = tmp_path / "a.sf2"
    padded = soundfont(sine_parts(), sine_pool() + b"x", b"odd")
    at = padded.index(b"sdta") - 4
    length = int.from_bytes(padded[at : at + 4], "little")
    end = at + 4 + length
    assert padded[end - 1] == 0
    assert padded[end : end + 4] == b"LIST"
    shorter = (length - 1).to_bytes(4, "little")
    path.write_bytes(padded[:at] + shorter + padded[at + 4 : end - 1] + padded[end:])
    assert frequency(played(path)) == pytest.approx(440, abs=0.05)


def test_the_bundled_font_has_four_instruments_and_a_license() -> None:
    sounds = [SoundPreset.parse(name) for name in PROGRAMS]
    [font] = {sound.path for sound in sounds}
    assert set(presets(read_soundfont(font))) == {(0, p) for p in PROGRAMS.values()}
    notice = (font.parent / "COPYRIGHT").read_text(encoding="utf-8")
    assert "Frank Wen" in notice
    assert "Permission is hereby granted, free of charge" in notice
    for sound in sounds:
        zones = preset_zones(read_soundfont(font), 0, sound.program)
        for key in range(128):
            assert sum(z.low <= key <= z.high for z in zones) == 1


def test_presets_are_parsed(tmp_path: Path) -> None:
    font = sine_font(tmp_path / "A.SF2", program=7)
    assert SoundPreset.parse(str(font)).program == 7
    assert SoundPreset.parse(f"{font}:7") == SoundPreset.parse(str(font))
    with pytest.raises(UsageError, match=r"no program 19: use one of 7, counted from 0"):
        SoundPreset.parse(f"{font}:19")
    with pytest.raises(UsageError, match=r"could not be read \(No such file"):
        SoundPreset.parse(str(tmp_path / "none.sf2"))
    for text in ("", "flute", "a.wav", "a.sf2:x", ".sf2"):
        with pytest.raises(UsageError, match="is not a sound"):
            SoundPreset.parse(text)


# Damaged files are refused.


def test_cut_short_anywhere(tmp_path: Path) -> None:
    whole = soundfont(sine_parts(), sine_pool(), b"x")
    path = tmp_path / "a.sf2"
    starts = [0, 4, 11, 12, 20, 60, 100, len(sine_pool()) // 2]
    tail = len(whole) - len(sine_pool())
    starts += range(len(whole) - tail + 20, len(whole), 7)
    for length in starts:
        path.write_bytes(whole[:length])
        refused(path, "cannot be played")


def test_not_a_soundfont(tmp_path: Path) -> None:
    path = tmp_path / "a.sf2"
    for content in (b"", b"hello", b"RIFF" + bytes(100), chunk("RIFF", b"WAVE" + bytes(100))):
        path.write_bytes(content)
        refused(path, "cannot be played")
    path.unlink()
    path.mkdir()
    refused(path, "could not be read|cannot be played")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"loop": (8000, RATE + 47)}, "loop of its sample 'Sine A4'"),
        ({"loop": (8000, 2**32 - 1)}, "loop of its sample"),
        ({"loop": (24000, 8000)}, "loop of its sample"),
        ({"loop": (9000, 9001)}, "loop of its sample"),
        ({"span": (0, RATE * 2)}, "outside the file"),
        ({"span": (2**32 - 2, 2**32 - 1)}, "outside the file"),
        ({"span": (500, 500)}, "is not valid"),
        ({"span": (500, 20)}, "is not valid"),
        ({"rate": 0}, "is not valid"),
        ({"rate": 2**32 - 1}, "is not valid"),
        ({"generators": {MODE: 1, 0: 30000}}, "offsets of its sample"),
        ({"generators": {MODE: 1, 4: 32767, 12: 32767, 1: -5}}, "offsets of its sample"),
    ],
)
def test_invalid_samples(tmp_path: Path, options: dict, match: str) -> None:
    refused(sine_font(tmp_path / "a.sf2", **options), match)


@pytest.mark.parametrize("name", ["phdr", "pbag", "pgen", "inst", "ibag", "igen", "shdr"])
def test_invalid_tables(tmp_path: Path, name: str) -> None:
    """Empty, cut within a record, missing, or with indices out of range."""
    path = tmp_path / "a.sf2"
    parts = sine_parts()
    for body in (b"", parts[name][:-1], None):
        changed = {k: v for k, v in parts.items() if k != name} | (
            {} if body is None else {name: body}
        )
        path.write_bytes(soundfont(changed, sine_pool(), b"x"))
        refused(path, "cannot be played")
    for body in (b"\xff" * len(parts[name]), b"\x7f" * len(parts[name])):
        path.write_bytes(soundfont(parts | {name: body}, sine_pool(), b"x"))
        refused_or_played(path)


@pytest.mark.slow
def test_too_many_zones(tmp_path: Path) -> None:
    """A thousand zones of a preset, each of an instrument of a thousand zones."""
    parts = tables(
        [(b"x", 19, [{MODE: 1, SAMPLE: 0}] * 1000)], [head(b"a", (0, 100), (10, 90), RATE, 69)]
    )
    parts["pgen"] = struct.pack("<HH", 41, 0) * 1000 + bytes(4)
    parts["pbag"] = b"".join(struct.pack("<HH", i, 0) for i in range(1001))
    parts["phdr"] = parts["phdr"][:38] + struct.pack("<20sHHH12x", b"EOP", 0, 0, 1000)
    path = tmp_path / "a.sf2"
    path.write_bytes(soundfont(parts, bytes(400), b"x"))
    refused(path, "too many zones")


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_bytes_changed_at_random(tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    """Changes in tables, header and lengths."""
    whole = bytearray(soundfont(sine_parts(), sine_pool(), b"x"))
    tables_at = whole.index(b"pdta") - 8
    places = [*range(110), *range(tables_at, len(whole))]
    for where, value in changes:
        whole[places[min(int(where * len(places)), len(places) - 1)]] = value
    path = tmp_path / "a.sf2"
    path.write_bytes(bytes(whole))
    refused_or_played(path)
