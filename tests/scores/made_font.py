"""Soundfonts written from scratch: the tables of the standard, and small fonts of known tones."""

import struct
from pathlib import Path

import numpy as np

SAMPLE, INSTRUMENT, KEYS, MODE = 53, 41, 43, 54

Preset = tuple[bytes, int, list[dict[int, int]]]
"""Name, program and the generators of each zone; the last of a zone is its sample."""


def chunk(name: str, body: bytes) -> bytes:
    """One part of a RIFF file."""
    return name.encode() + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def head(
    name: bytes, span: tuple[int, int], loop: tuple[int, int], rate: int, pitch: int,
    cents: int = 0, kind: int = 1,
) -> bytes:  # fmt: skip
    """The record of one sample."""
    return struct.pack("<20sIIIIIBbHH", name, *span, *loop, rate, pitch, cents, 0, kind)


def tables(presets: list[Preset], heads: list[bytes]) -> dict[str, bytes]:
    """Every table but the samples, by name of the chunk; one instrument a preset."""
    out = dict.fromkeys(("phdr", "pbag", "pmod", "pgen", "inst", "ibag", "imod", "igen"), b"")
    outer = inner = bag = 0
    for number, (name, program, zones) in enumerate(presets):
        out["phdr"] += struct.pack("<20sHHH12x", name, program, 0, number)
        out["pbag"] += struct.pack("<HH", outer, 0)
        out["pgen"] += struct.pack("<HH", INSTRUMENT, number)
        outer += 1
        out["inst"] += struct.pack("<20sH", name, bag)
        for zone in zones:
            out["ibag"] += struct.pack("<HH", inner, 0)
            out["igen"] += b"".join(struct.pack("<Hh", *pair) for pair in zone.items())
            bag, inner = bag + 1, inner + len(zone)
    out["phdr"] += struct.pack("<20sHHH12x", b"EOP", 0, 0, outer)
    out["pbag"] += struct.pack("<HH", outer, 0)
    out["inst"] += struct.pack("<20sH", b"EOI", bag)
    out["ibag"] += struct.pack("<HH", inner, 0)
    for name, size in (("pmod", 10), ("pgen", 4), ("imod", 10), ("igen", 4)):
        out[name] += bytes(size)
    return out | {"shdr": b"".join(heads) + struct.pack("<20s26x", b"EOS")}


def soundfont(parts: dict[str, bytes], pool: bytes, title: bytes, version: int = 2) -> bytes:
    """The file of tables and samples."""
    info = chunk("ifil", struct.pack("<HH", version, 1)) + chunk("isng", b"EMU8000\0")
    # Texts end in one zero or two, at an even length.
    info += chunk("INAM", title + bytes(2 - len(title) % 2))
    lists = {
        "INFO": info,
        "sdta": chunk("smpl", pool),
        "pdta": b"".join(chunk(name, body) for name, body in parts.items()),
    }
    return chunk(
        "RIFF", b"sfbk" + b"".join(chunk("LIST", n.encode() + b) for n, b in lists.items())
    )


RATE, ROOT, PERIODS = 32000, 69, 220
SINE = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
"""One second of A4."""


def sine_parts(
    generators: dict[int, int] | None = None,
    span: tuple[int, int] = (0, RATE),
    loop: tuple[int, int] = (8000, 24000),
    rate: int = RATE,
    program: int = 19,
) -> dict[str, bytes]:
    """Tables of a font whose only preset plays `SINE`, looped."""
    zone = {**(generators or {MODE: 1}), SAMPLE: 0}
    return tables([(b"Sine", program, [zone])], [head(b"Sine A4", span, loop, rate, ROOT)])


def sine_pool() -> bytes:
    """Samples of 16 bits, at half of full scale, and the silence that the standard wants."""
    return np.round(SINE * 16384).astype("<i2").tobytes() + bytes(92)


def sine_font(path: Path, **options) -> Path:
    """Write the font of `sine_parts`."""
    path.write_bytes(soundfont(sine_parts(**options), sine_pool(), b"Sine"))
    return path
