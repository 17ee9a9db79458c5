"""XML of unknown origin, parsed to a tree within bounds.

The parser of the standard library expands entities and builds whatever it is given. Here the
bounds hold while it parses: a file that passes one is refused at that place.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Protocol
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from bachbot.errors import ScoreError

_MAX_DEPTH = 64
_MAX_ELEMENTS = 600_000
_MAX_ATTRIBUTES = 64
_PIECE = 2**20

_XML = "{http://www.w3.org/XML/1998/namespace}"
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,20}=\s{0,20}["']([\w.:-]{1,40})["']""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BARE = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
"""How a file begins that is in UTF-16 or UTF-32 without a mark."""

_UNSAFE = frozenset(
    ("idna", "punycode", "utf-7", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs",
     "oem", "unicode-escape", "raw-unicode-escape")
)  # fmt: skip
"""Codecs of text that are slow, depend on the machine, or hide markup."""


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Read at most so many bytes; none at the end."""


def parse_xml(file: Readable) -> Element:
    """Parse XML.

    The prefix of the root's namespace is taken off the names; what is in another namespace is
    left out.

    Parameters
    ----------
    file : binary file object
        The XML, in UTF-8, UTF-16, UTF-32 or any encoding that it declares and Python has. What is
        not in UTF-8, though it says so or nothing, is read as Windows-1252.

    Raises
    ------
    ScoreError
        If it is damaged, not in its encoding, declares entities or anything else in its document
        type, or has too many elements, attributes or levels.
    """
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse
    parser.AttlistDeclHandler = _refuse
    parser.ElementDeclHandler = _refuse
    parser.NotationDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    try:
        for text in _decoded(file):
            parser.Parse(text, False)
        parser.Parse("", True)
    except expat.ExpatError as error:
        raise ScoreError(f"its XML is damaged ({error}): export it again") from error
    return builder.root()


def _refuse(*_: object) -> None:
    raise ScoreError("its XML declares entities, which no score needs: export it again")


class _Builder:
    """Builds a tree, and counts."""

    def __init__(self) -> None:
        self.tree = TreeBuilder()
        self.elements = 0
        self.depth = 0
        self.prefix = ""  # of the root, with its colon
        self.foreign = 0  # depth of the element of another namespace that is being left out

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ScoreError(f"its XML is nested deeper than {_MAX_DEPTH}: export it again")
        if self.elements > _MAX_ELEMENTS:
            raise ScoreError(f"it has more than {_MAX_ELEMENTS} elements: give a part of it")
        if ":" in name or self.prefix:
            name = self._local(name)
        if self.foreign:
            return
        if attributes:
            if len(attributes) > _MAX_ATTRIBUTES:
                raise ScoreError(
                    f"an element of its XML has more than {_MAX_ATTRIBUTES} attributes: export it "
                    "again"
                )
            attributes = _own_attributes(attributes)
        self.tree.start(name, attributes)

    def _local(self, name: str) -> str:
        """The name without the prefix of the root."""
        if self.depth == 1:
            self.prefix = name[: name.index(":") + 1]
        if not self.foreign and not (name.startswith(self.prefix) and self.prefix):
            self.foreign = self.depth
        return name[len(self.prefix) :]

    def end(self, name: str) -> None:
        if not self.foreign:
            self.tree.end(name[len(self.prefix) :])
        elif self.foreign == self.depth:
            self.foreign = 0
        self.depth -= 1

    def data(self, text: str) -> None:
        if not self.foreign:
            self.tree.data(text)

    def root(self) -> Element:
        return self.tree.close()


def _own_attributes(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes without namespaces; a name such as ``xlink:href`` has no meaning elsewhere."""
    if not any(":" in name or name == "xmlns" for name in attributes):
        return attributes
    return {
        _XML + name[4:] if name.startswith("xml:") else name: value
        for name, value in attributes.items()
        if name.startswith("xml:") or not (":" in name or name == "xmlns")
    }


def _decoded(file: Readable) -> Iterator[str]:
    """The text of a file, piece by piece."""
    piece = file.read(_PIECE)
    encoding = _encoding(piece)
    if encoding == "utf-8" and not _fits(piece, encoding):
        encoding = "cp1252"  # what programs write that take no care of it
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        text = decoder.decode(piece).removeprefix("\ufeff").lstrip()
        while piece:
            yield text
            piece = file.read(_PIECE)
            text = decoder.decode(piece, final=not piece)
        yield text
    except UnicodeError as error:
        raise ScoreError(f"its text is not in {encoding}: export it in UTF-8") from error


def _fits(piece: bytes, encoding: str) -> bool:
    """Whether a file that begins like this can be in an encoding."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(piece)
    except UnicodeError:
        return False
    return True


def _encoding(content: bytes) -> str:
    """Name of the codec of a file that begins like this."""
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    start = content[:1000].lstrip()
    declared = _DECLARED.match(start)
    if declared is None:
        bare = next((name for begin, name in _BARE if start.startswith(begin)), "utf-8")
        return bare if len(start) > 3 else "utf-8"
    written = declared.group(1).decode().lower()
    try:
        name = codecs.lookup(written).name
        "<".encode(name).decode(name)  # fails for codecs that are not of text
    except (LookupError, ValueError):
        name = "undefined"
    if name in _UNSAFE:
        raise ScoreError(f"its text is in {written}, which is not supported: export it in UTF-8")
    # Its declaration can be read as ASCII, so a program changed the encoding and not the name.
    return "utf-8" if name.startswith(("utf-16", "utf-32")) else name
