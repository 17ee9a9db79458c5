"""MusicXML files, plain or compressed, parsed to a tree. Every file may be hostile."""

import io
import re
import zipfile
import zlib
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.readers import source

_MAX_ENTRIES = 1000
_MAX_DEPTH = 64
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*\[|<!ENTITY", re.IGNORECASE)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ENCODINGS = {"utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252"}


def musicxml_tree(content: bytes) -> Element:
    """Parse MusicXML, compressed or not, into a ``score-partwise`` tree.

    Parameters
    ----------
    content : bytes
        The file.

    Raises
    ------
    ScoreError
        If it is not MusicXML, or could do harm: entities, unpacked size, nesting.
    """
    if content.startswith(b"PK"):
        content = _unzip(content)
    root = _parse(_decode(content))
    if root.tag == "score-timewise":
        root = _to_partwise(root)
    if root.tag != "score-partwise":
        raise ScoreError(f"its XML is <{root.tag[:40]}>, not MusicXML: export it as MusicXML")
    return root


def _unzip(content: bytes) -> bytes:
    """Take the score out of a compressed MusicXML file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) > _MAX_ENTRIES:
                raise ScoreError(f"the archive has {len(names)} files: export the score again")
            name = None
            if "META-INF/container.xml" in names:
                container = _parse(_decode(_read_member(archive, "META-INF/container.xml")))
                # The first rootfile is the score. Its namespace depends on the program.
                for element in container.iter():
                    if element.tag.rpartition("}")[2] == "rootfile":
                        name = element.get("full-path")
                        break
            if name not in names:
                name = next(
                    (
                        n
                        for n in names
                        if n.lower().endswith((".xml", ".musicxml"))
                        and not n.startswith("META-INF")
                    ),
                    None,
                )
            if name is None:
                raise ScoreError("the archive has no MusicXML: export the score again")
            return _read_member(archive, name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError,
            KeyError, OSError, ValueError) as error:  # fmt: skip
        raise ScoreError("the compressed score is damaged: export it again") from error


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    # The size in the archive's directory may be false: read no more than is allowed.
    with archive.open(name) as file:
        content = file.read(source.MAX_BYTES + 1)
    if len(content) > source.MAX_BYTES:
        raise ScoreError(
            f"it unpacks to more than {source.MAX_BYTES // 2**20} MiB: give a score of one tune"
        )
    return content


def _decode(content: bytes) -> str:
    """Decode a file, so that the same text is searched for entities and parsed."""
    encoding = next((name for bom, name in _BOMS if content.startswith(bom)), None)
    if encoding is None:
        declared = _ENCODING.match(content)
        encoding = declared.group(1).decode().lower() if declared else "utf-8"
    if encoding not in _ENCODINGS:
        raise ScoreError(f"its text is in {encoding}, which is not supported: export it in UTF-8")
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        raise ScoreError(
            f"its text is not in {encoding}, as declared: export it in UTF-8"
        ) from error


def _parse(text: str) -> Element:
    if _DOCTYPE.search(text):
        raise ScoreError("its XML declares entities, which no score needs: export it again")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise ScoreError(f"its XML is damaged ({error}): export it again") from error
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > _MAX_DEPTH:
            raise ScoreError(f"its XML is nested deeper than {_MAX_DEPTH}: export it again")
        level = [child for element in level for child in element]
    return root


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
