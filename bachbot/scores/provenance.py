"""The mark that bachbot leaves in the files that it writes, so that it may replace them later."""

import re
import zipfile
import zlib
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

MARK = "bachbot"
"""Name of the program, as files say who wrote them."""

_SEARCHED = 2**16
"""Bytes from the beginning and the end of a file in which the mark is looked for."""

_SOFTWARE = re.compile(rb"<software>\s{0,9}bachbot\s{0,9}</software>")
_SVG_COMMENT = f"<!-- {MARK} -->\n"
_PNG_TEXT = b"tEXtSoftware\x00" + MARK.encode()
_MIDI_TEXT = b"\xff\x01" + bytes([len(MARK)]) + MARK.encode()
_BEFORE_ENCODING = ("creator", "rights")
_BEFORE_IDENTIFICATION = ("work", "movement-number", "movement-title")


def written_by_bachbot(path: Path) -> bool:
    """Whether a file has the mark of a score that bachbot wrote.

    Parameters
    ----------
    path : Path
        A file; its suffix is the format, as in `bachbot.scores.save.OUTPUT_FORMATS`.

    Returns
    -------
    bool
        False also if it cannot be read.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".mxl":
            with zipfile.ZipFile(path) as archive, archive.open("score.musicxml") as member:
                return _SOFTWARE.search(member.read(_SEARCHED)) is not None
        with path.open("rb") as file:
            head = file.read(_SEARCHED)
            file.seek(-min(_SEARCHED, path.stat().st_size), 2)
            tail = file.read()
    except (OSError, ValueError, KeyError, RuntimeError, EOFError, NotImplementedError,
            zipfile.BadZipFile, zlib.error):  # fmt: skip
        return False
    if suffix in (".musicxml", ".xml"):
        return _SOFTWARE.search(head) is not None
    if suffix in (".mid", ".midi"):
        return _MIDI_TEXT in head
    if suffix == ".svg":
        return tail.endswith(_SVG_COMMENT.encode())
    if suffix == ".png":
        return _PNG_TEXT in head
    if suffix == ".pdf":
        return f"/Creator ({MARK})".encode() in tail
    return MARK.encode() in head or MARK.encode() in tail


def mark_musicxml(root: Element) -> Element:
    """A MusicXML tree that names bachbot as its software; the given one is left as it is."""
    named = [(e.text or "").strip() for e in root.findall("identification/encoding/software")]
    if MARK in named:
        return root
    marked = _shallow(root)
    old = marked.find("identification")
    identification = Element("identification") if old is None else _shallow(old)
    if old is None:
        marked.insert(_count(marked, _BEFORE_IDENTIFICATION), identification)
    else:
        marked[list(marked).index(old)] = identification
    before = identification.find("encoding")
    encoding = Element("encoding") if before is None else _shallow(before)
    if before is None:
        identification.insert(_count(identification, _BEFORE_ENCODING), encoding)
    else:
        identification[list(identification).index(before)] = encoding
    SubElement(encoding, "software").text = MARK
    return marked


def _shallow(element: Element) -> Element:
    copy = Element(element.tag, element.attrib)
    copy.text, copy.tail = element.text, element.tail
    copy.extend(element)
    return copy


def _count(element: Element, tags: tuple[str, ...]) -> int:
    return sum(child.tag in tags for child in element)


def mark_svg(svg: str) -> str:
    """An SVG with a comment that names bachbot after it."""
    return f"{svg.rstrip()}\n{_SVG_COMMENT}"


def mark_png(png: bytes) -> bytes:
    """A PNG with a text that names bachbot as its software."""
    header = 8 + 25  # the signature, and the first chunk
    text = _PNG_TEXT
    chunk = (len(text) - 4).to_bytes(4, "big") + text + zlib.crc32(text).to_bytes(4, "big")
    return png[:header] + chunk + png[header:]
