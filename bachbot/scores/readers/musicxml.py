"""MusicXML files, plain or compressed, read to a tree. Every file may be hostile."""

import io
import zipfile
from typing import IO
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.readers import source
from bachbot.scores.readers.shorthand import write_out
from bachbot.scores.readers.xml_parser import parse_xml

_MAX_ENTRIES = 1000
_CONTAINER = "META-INF/container.xml"


def musicxml_tree(content: bytes) -> Element:
    """Read MusicXML, compressed or not, to a ``score-partwise`` tree.

    Parameters
    ----------
    content : bytes
        The file.

    Raises
    ------
    ScoreError
        If it is not MusicXML, or could do harm: entities, unpacked size, nesting.
    """
    root = _unzip(content) if content.startswith(b"PK") else parse_xml(io.BytesIO(content))
    if root.tag == "score-timewise":
        root = _to_partwise(root)
    if root.tag != "score-partwise":
        raise ScoreError(f"its XML is <{root.tag[:40]}>, not MusicXML: export it as MusicXML")
    write_out(root)
    return root


def _unzip(content: bytes) -> Element:
    """Take the score out of a compressed MusicXML file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_member(archive, _name_of_score(archive))
    except ScoreError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        # Each compression has errors of its own, and a damaged directory has others.
        raise ScoreError("the compressed score is damaged: export it again") from error


def _name_of_score(archive: zipfile.ZipFile) -> str:
    names = archive.namelist()
    if len(names) > _MAX_ENTRIES:
        raise ScoreError(f"the archive has {len(names)} files: export the score again")
    if _CONTAINER in names:
        # The first rootfile is the score.
        for element in _read_member(archive, _CONTAINER).iter("rootfile"):
            if element.get("full-path") in names:
                return str(element.get("full-path"))
            break
    for name in names:
        if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF"):
            return name
    raise ScoreError("the archive has no MusicXML: export the score again")


def _read_member(archive: zipfile.ZipFile, name: str) -> Element:
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ScoreError("it is not compressed as MusicXML is, by deflation: export it again")
    with archive.open(name) as file:
        return parse_xml(_Limited(file))


class _Limited:
    """A file of an archive, of which no more is read than is allowed.

    The size in the archive's directory may be false.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.left = source.MAX_BYTES

    def read(self, size: int) -> bytes:
        content = self.file.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise ScoreError(
                f"it unpacks to more than {source.MAX_BYTES // 2**20} MiB: give a score of one tune"
            )
        return content


def _to_partwise(root: Element) -> Element:
    """Convert a timewise score, measures of parts, to parts of measures."""
    out = Element("score-partwise", root.attrib)
    parts: dict[str, Element] = {}
    for element in root:
        if element.tag != "measure":
            out.append(element)
            continue
        for cell in element.findall("part"):
            identity = cell.get("id", "")
            if identity not in parts:
                parts[identity] = Element("part", {"id": identity})
            measure = Element("measure", element.attrib)
            measure.extend(cell)
            parts[identity].append(measure)
    out.extend(parts.values())
    return out
