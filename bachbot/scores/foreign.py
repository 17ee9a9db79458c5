"""Formats that music21 reads for us: MIDI and Humdrum kern, brought to MusicXML."""

import contextlib
import io
import warnings
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.source import musicxml_tree

_LONGEST = 200


def foreign_tree(content: bytes, kind: str) -> Element:
    """Read MIDI or kern and bring it to MusicXML.

    The subconverters are called themselves: ``converter.parse`` would leave pickles in the
    temporary folder and takes strings for addresses.

    Parameters
    ----------
    content : bytes
        The file.
    kind : {"midi", "kern"}
        Its format.

    Raises
    ------
    ScoreError
        If music21 cannot read it or write what it read.
    """
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return musicxml_tree(_converted(content, kind))
        except ScoreError:
            raise
        except Exception as error:  # music21 raises what its parsers happen to trip over
            reason = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
            raise ScoreError(f"it cannot be read as {kind} ({reason}): export it again") from error


def _converted(content: bytes, kind: str) -> bytes:
    from music21.converter import subConverters
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    reader = {"midi": subConverters.ConverterMidi, "kern": subConverters.ConverterHumdrum}[kind]()
    if kind == "midi":
        reader.parseData(content)
    else:
        reader.parseData(content.decode("utf-8", errors="replace").replace("\r\n", "\n"))
    return GeneralObjectExporter(reader.stream).parse()
