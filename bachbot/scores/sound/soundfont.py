"""SoundFont 2 files: tables, zones and samples, with every value checked."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError

Table = NDArray[np.void]
"""Records of one kind, shape [n]; the last record is a terminator."""

_MAX_SIZE = 1 << 32
"""Largest RIFF file, in bytes."""
_MAX_TABLE_SIZE = 1 << 26
"""Bytes; tables of the largest soundfonts in use have a few million."""
_MAX_CHUNKS = 200
_NAME = ("name", "S20")
_BAG = [("generator", "<u2"), ("modulator", "<u2")]
_GENERATOR = [("what", "<u2"), ("amount", "<i2")]
_RECORDS = {
    "phdr": [_NAME, ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")],
    "pbag": _BAG,
    "pgen": _GENERATOR,
    "inst": [_NAME, ("bag", "<u2")],
    "ibag": _BAG,
    "igen": _GENERATOR,
    "shdr": [
        _NAME, ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4"),
        ("rate", "<u4"), ("pitch", "u1"), ("cents", "i1"), ("link", "<u2"), ("kind", "<u2"),
    ],
}  # fmt: skip
_NAMES = {b"LIST", *(name.encode() for name in ("smpl", "sm24", "pmod", "imod", *_RECORDS))}


@dataclass(frozen=True, eq=False)
class SoundFont:
    """The content of a soundfont file, not yet interpreted.

    Parameters
    ----------
    path : Path
        The file.
    pool : ndarray of uint8, shape [bytes]
        All samples, mapped from the file.
    tables : dict of str to Table
        Tables by chunk name: phdr, pbag, pgen, inst, ibag, igen, shdr.
    """

    path: Path
    pool: NDArray[np.uint8]
    tables: dict[str, Table]

    def __getitem__(self, name: str) -> Table:
        """Return the table of a chunk."""
        return self.tables[name]


def unplayable(path: Path, what: str) -> UsageError:
    """Return the error for a soundfont that cannot be played."""
    return UsageError(f"{path} cannot be played, {what}: use a valid .sf2 or .sf3 file")


def read_soundfont(path: Path) -> SoundFont:
    """Read the tables of a soundfont; the samples stay on disk.

    Parameters
    ----------
    path : Path
        A ``.sf2`` or ``.sf3`` file.

    Raises
    ------
    UsageError
        If the file is missing, is not a soundfont, or is cut short.
    """
    try:
        size = path.stat().st_size
        if not 12 <= size <= _MAX_SIZE:
            raise unplayable(path, f"it has {size} bytes")
        content = np.memmap(path, np.uint8, "r")
    except OSError as error:
        raise UsageError(
            f"the soundfont {path} could not be read ({error.strerror}): use a .sf2 or .sf3 file"
        ) from error
    if content[:4].tobytes() != b"RIFF" or content[8:12].tobytes() != b"sfbk":
        raise unplayable(path, "it is not a soundfont")
    found: dict[str, NDArray[np.uint8]] = {}
    for name, body in _chunks(path, content, 12):
        if name == b"LIST":
            found |= {n.decode("latin-1"): b for n, b in _chunks(path, body, 4)}
    missing = [name for name in ("smpl", *_RECORDS) if name not in found]
    if missing:
        raise unplayable(path, f"its chunk '{missing[0]}' is missing")
    return SoundFont(
        path, found["smpl"], {name: _table(path, name, found[name]) for name in _RECORDS}
    )


def _chunks(
    path: Path, content: NDArray[np.uint8], start: int
) -> Iterator[tuple[bytes, NDArray[np.uint8]]]:
    """Yield names and bodies of the chunks from an offset on."""
    for _ in range(_MAX_CHUNKS):
        if start + 8 > len(content):
            return
        name = content[start : start + 4].tobytes()
        length = int.from_bytes(content[start + 4 : start + 8].tobytes(), "little")
        stop = start + 8 + length
        if stop > len(content):
            raise unplayable(path, "it is cut short")
        yield name, content[start + 8 : stop]
        # The standard pads chunks of odd length; some programs omit the padding.
        padded = length % 2 == 1 and content[stop : stop + 4].tobytes() not in _NAMES
        start = stop + padded
    raise unplayable(path, "it has too many chunks")


def _table(path: Path, name: str, content: NDArray[np.uint8]) -> Table:
    record = np.dtype(_RECORDS[name])
    if len(content) % record.itemsize or not 0 < len(content) <= _MAX_TABLE_SIZE:
        raise unplayable(path, f"its chunk '{name}' has {len(content)} bytes")
    return np.frombuffer(content.tobytes(), record)


VELOCITY = 80
"""MIDI velocity of every note, 1 to 127."""

_MAX_ZONES = 20_000
_INSTRUMENT, _SAMPLE = 41, 53
_KEYS, _VELOCITIES = 43, 44
_ROOT, _SCALE, _MODES, _FILTER = 58, 56, 54, 8
_DELAY, _ATTACK, _HOLD, _DECAY, _RELEASE = 33, 34, 35, 36, 38
_ADDITIVE = frozenset(
    {5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 17, *range(21, 41), 48, 51, 52, _SCALE}
)  # fmt: skip
"""Generators that presets may offset; the others are for instruments only."""
_DEFAULTS = {
    _FILTER: 13500, _ROOT: -1, _SCALE: 100,
    **dict.fromkeys((_DELAY, _ATTACK, _HOLD, _DECAY, _RELEASE), -12000),
}  # fmt: skip

Generators = dict[int, int]


@dataclass(frozen=True)
class Zone:
    """A sample with its settings for a range of keys.

    Parameters
    ----------
    sample : int
        Index of the sample.
    generators : dict of int to int
        Amounts by generator number, with the offsets of the preset added.
    low, high : int
        Lowest and highest key.
    """

    sample: int
    generators: Generators
    low: int
    high: int

    def amount(self, generator: int) -> int:
        """Return the amount of a generator, or the default of the standard."""
        return self.generators.get(generator, _DEFAULTS.get(generator, 0))


@dataclass(frozen=True)
class Envelope:
    """Volume envelope of a note.

    Parameters
    ----------
    delay, attack, hold : float
        Seconds of silence, of linear rise and of full level.
    decay, release : float
        Seconds for a fall by 100 dB.
    sustain : float
        Decibels below full level at which the decay ends, 0 to 144.
    """

    delay: float
    attack: float
    hold: float
    decay: float
    release: float
    sustain: float


def presets(font: SoundFont) -> dict[tuple[int, int], str]:
    """Return the names of the presets by (bank, program), in file order."""
    heads = font["phdr"][:-1]
    return {(int(h["bank"]), int(h["program"])): h["name"].decode("latin-1").strip() for h in heads}


def preset_zones(font: SoundFont, bank: int, program: int) -> list[Zone]:
    """Return the zones that a preset plays at `VELOCITY`.

    Parameters
    ----------
    font : SoundFont
        A soundfont.
    bank, program : int
        One of its presets.

    Raises
    ------
    UsageError
        If an index in the tables is out of range, or the preset has too many zones.
    """
    heads = font["phdr"]
    [index, *_] = np.flatnonzero((heads["bank"][:-1] == bank) & (heads["program"][:-1] == program))
    out: list[Zone] = []
    for outer in _zones(font, heads, int(index), "pbag", "pgen", _INSTRUMENT):
        number = outer[_INSTRUMENT]
        if not 0 <= number < len(font["inst"]) - 1:
            raise unplayable(font.path, f"its preset {program} refers to instrument {number}")
        for inner in _zones(font, font["inst"], number, "ibag", "igen", _SAMPLE):
            low, high = _intersection(outer, inner, _KEYS)
            if low <= high and _matches_velocity(outer, inner):
                out.append(_zone(outer, inner, low, high))
            if len(out) > _MAX_ZONES:
                raise unplayable(font.path, f"its preset {program} has too many zones")
    return out


def envelope(zone: Zone, key: int) -> Envelope:
    """Return the volume envelope of a key."""
    to_middle = 60 - key
    return Envelope(
        delay=_seconds(zone.amount(_DELAY), 5000),
        attack=_seconds(zone.amount(_ATTACK), 8000),
        hold=_seconds(zone.amount(_HOLD) + zone.amount(39) * to_middle, 5000),
        decay=_seconds(zone.amount(_DECAY) + zone.amount(40) * to_middle, 8000),
        release=_seconds(zone.amount(_RELEASE), 4000),
        sustain=float(np.clip(zone.amount(37), 0, 1440) / 10),
    )


def _seconds(cents: int, most: int) -> float:
    """Convert timecents (1200 log2 of seconds), limited to at most `most`, to seconds."""
    return float(2 ** (np.clip(cents, -12000, most) / 1200))


def cutoff(zone: Zone) -> float:
    """Return the cutoff of the low-pass filter in Hz; 20 kHz and above means no filter."""
    moved = zone.amount(11) * (1 - np.clip(zone.amount(29), 0, 1000) / 1000)
    return float(8.176 * 2 ** (np.clip(zone.amount(_FILTER) + moved, 1500, 13500) / 1200))


def _zones(
    font: SoundFont, heads: Table, index: int, bag: str, generator: str, last: int
) -> Iterator[Generators]:
    """Yield the generators of each zone of a preset or instrument, with the global zone merged in.

    A zone without instrument or sample is global if it is the first, and ignored otherwise.
    """
    bags, records = font[bag]["generator"], font[generator]
    first, stop = (int(heads["bag"][i]) for i in (index, index + 1))
    if not first <= stop < len(bags) or bags[stop] >= len(records) + 1:
        raise unplayable(font.path, f"its chunk '{bag}' is too short")
    common: Generators = {}
    for number in range(first, stop):
        low, high = int(bags[number]), int(bags[number + 1])
        if not low <= high <= len(records):
            raise unplayable(font.path, f"its chunk '{generator}' is too short")
        if high - low > 200:
            raise unplayable(font.path, f"a zone of '{bag}' has {high - low} generators")
        part = records[low:high]
        own = dict(zip(part["what"].tolist(), part["amount"].tolist(), strict=True))
        if last in own:
            yield {**common, **own}
        elif number == first:
            common = own


def _range(generators: Generators, which: int) -> tuple[int, int]:
    both = generators.get(which, 127 << 8) & 0xFFFF
    return both & 0xFF, both >> 8


def _intersection(outer: Generators, inner: Generators, which: int) -> tuple[int, int]:
    (a, b), (c, d) = _range(outer, which), _range(inner, which)
    return max(a, c), min(b, d)


def _matches_velocity(outer: Generators, inner: Generators) -> bool:
    low, high = _intersection(outer, inner, _VELOCITIES)
    return low <= VELOCITY <= high


def _zone(outer: Generators, inner: Generators, low: int, high: int) -> Zone:
    merged = {
        number: inner.get(number, _DEFAULTS.get(number, 0)) + amount
        for number, amount in outer.items()
        if number in _ADDITIVE
    }
    return Zone(inner[_SAMPLE], {**inner, **merged}, low, high)


_VORBIS, _ROM = 0x10, 0x8000
_MAX_FRAMES = 1 << 24
"""More than six minutes at 44.1 kHz."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A recorded tone.

    Parameters
    ----------
    frames : ndarray of float32, shape [n]
        -1 to 1.
    rate : int
        Frames per second.
    root : int
        MIDI key of its pitch.
    cents : int
        Pitch correction.
    loop : tuple of int, optional
        First frame of the loop, and the frame after its last.
    """

    frames: NDArray[np.float32]
    rate: int
    root: int
    cents: int
    loop: tuple[int, int] | None


def read_sample(font: SoundFont, zone: Zone) -> Sample:
    """Read the sample of a zone and apply the zone's offsets and pitch.

    Raises
    ------
    UsageError
        If the sample is outside the file or cannot be decoded, or its loop is outside the sample.
    """
    heads = font["shdr"]
    if not 0 <= zone.sample < len(heads) - 1:
        raise unplayable(font.path, f"it has no sample {zone.sample}")
    head = heads[zone.sample]
    name = head["name"].decode("latin-1").strip()
    start, end, loop_start, loop_end = (
        int(head[field]) for field in ("start", "end", "loop_start", "loop_end")
    )
    if int(head["kind"]) & _ROM or not 400 <= head["rate"] <= 192_000 or start >= end:
        raise unplayable(font.path, f"its sample '{name}' is not valid")
    if int(head["kind"]) & _VORBIS:
        frames = _read_vorbis(font, name, start, end)
        start = 0
    else:
        frames = _read_pcm(font, name, start, end)
    # Offsets of the zone in frames: fine, and coarse in steps of 32768.
    first, last, a, b = (
        zone.amount(fine) + 32768 * zone.amount(coarse)
        for fine, coarse in ((0, 4), (1, 12), (2, 45), (3, 50))
    )
    loop = None
    if zone.amount(54) in (1, 3):
        loop = (loop_start + a - start, loop_end + b - start)
        if not 0 <= loop[0] <= loop[1] - 2 <= len(frames) - 2:
            raise unplayable(font.path, f"the loop of its sample '{name}' is outside the sample")
    stop = len(frames) + last
    if not 0 <= first < stop <= len(frames) or (loop and (first > loop[0] or loop[1] > stop)):
        raise unplayable(font.path, f"the offsets of its sample '{name}' are outside the sample")
    if loop:
        loop = (loop[0] - first, loop[1] - first)
    root = zone.amount(58) if zone.amount(58) >= 0 else int(head["pitch"])
    return Sample(
        frames[first:stop], int(head["rate"]), root if root <= 127 else 60, int(head["cents"]), loop
    )


def _read_pcm(font: SoundFont, name: str, start: int, end: int) -> NDArray[np.float32]:
    """Read frames of 16 bits."""
    if 2 * end > len(font.pool):
        raise unplayable(font.path, f"its sample '{name}' is outside the file")
    if end - start > _MAX_FRAMES:
        raise unplayable(font.path, f"its sample '{name}' is too long")
    raw = np.frombuffer(font.pool[2 * start : 2 * end].tobytes(), "<i2")
    return raw.astype(np.float32) / np.float32(32768)


def _read_vorbis(font: SoundFont, name: str, start: int, end: int) -> NDArray[np.float32]:
    """Decode an Ogg Vorbis stream."""
    import soundfile

    if end > len(font.pool):
        raise unplayable(font.path, f"its sample '{name}' is outside the file")
    try:
        with soundfile.SoundFile(io.BytesIO(font.pool[start:end].tobytes())) as stream:
            if stream.channels != 1 or not 0 < stream.frames <= _MAX_FRAMES:
                raise unplayable(font.path, f"its sample '{name}' is not a mono stream")
            frames: NDArray[np.float32] = stream.read(dtype="float32")
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise unplayable(font.path, f"its sample '{name}' cannot be decoded") from error
    if not np.isfinite(frames).all():
        raise unplayable(font.path, f"its sample '{name}' has values that are not numbers")
    return frames
