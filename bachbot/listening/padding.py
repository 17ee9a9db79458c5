"""Files of a pair made equally long, so that a listing of the folder says nothing of them.

What is added stands where its format lets anything stand: white space at the end of XML, a chunk
of a kind of its own in MIDI (Standard MIDI Files 1.0: chunks of unknown kinds are to be passed
over) and in PNG (*PNG Specification*, third edition, section 5.4: ancillary, private, safe to
copy). Sound needs none: it has a constant bit rate.
"""

import struct
import zlib
from collections.abc import Callable, Sequence

_CHUNK = {"mid": 8, "png": 12}
"""Bytes of an empty chunk."""


def equally_long(contents: Sequence[bytes], form: str) -> list[bytes]:
    """Fill files up to one length.

    Parameters
    ----------
    contents : sequence of bytes
        Files of one format.
    form : {"musicxml", "svg", "mid", "png"}
        Which.

    Returns
    -------
    list of bytes
        In their order; those that were the longest may have grown by an empty chunk too.
    """
    longest = max(map(len, contents)) + _CHUNK.get(form, 0)
    fill = _FILLERS[form]
    return [fill(content, longest - len(content)) for content in contents]


def _spaces(content: bytes, room: int) -> bytes:
    return content + b"\n" * room


def _midi(content: bytes, room: int) -> bytes:
    size = room - _CHUNK["mid"]
    return content + b"XFIL" + struct.pack(">I", size) + bytes(size)


def _png(content: bytes, room: int) -> bytes:
    body = b"fiLl" + bytes(room - _CHUNK["png"])
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    end = content.rindex(b"IEND") - 4
    return content[:end] + chunk + content[end:]


_FILLERS: dict[str, Callable[[bytes, int], bytes]] = {
    "musicxml": _spaces,
    "svg": _spaces,
    "mid": _midi,
    "png": _png,
}
