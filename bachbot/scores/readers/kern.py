"""Reader of Humdrum kern, through music21."""

import contextlib
import io
import re
import threading
import warnings
from xml.etree.ElementTree import Element

from bachbot.chorale import Key
from bachbot.errors import ScoreError, UsageError
from bachbot.scores.readers.musicxml import musicxml_tree
from bachbot.scores.readers.tune import TuneHeading

_MAX_REASON = 200
_LOCK = threading.Lock()
"""One thread at a time: the warning filters and the error stream belong to the whole process."""

_KEY = re.compile(r"^(?:\*[^\t\n]*\t)*\*([A-Ga-g][#-]?):\s*(?:\t|$)", re.MULTILINE)


def kern_tunes(content: bytes) -> tuple[TuneHeading, ...]:
    """List the tunes of a kern file."""
    title = re.search(rb"^!!!OTL[^:\n]*:([^\n]*)", content, re.MULTILINE)
    return (TuneHeading(1, title[1].decode("utf-8", "replace").strip() if title else ""),)


def kern_tree(content: bytes, tune: int | None = None) -> Element:
    """Convert Humdrum kern to MusicXML.

    This calls the parser of music21 directly, since ``converter.parse`` leaves pickles in the
    temporary folder and takes some strings for addresses.

    Parameters
    ----------
    content : bytes
        The file, in UTF-8 or else Latin-1.
    tune : int, optional
        Number of the tune. Default: the first.

    Raises
    ------
    ScoreError
        If it is not kern, or music21 cannot convert it.
    UsageError
        If it has no tune of that number.
    """
    if tune not in (None, 1):
        raise UsageError(f"the file has no tune {tune}: it has one")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "**kern" not in text:
        raise ScoreError("it has no **kern spine: give Humdrum kern")
    with _LOCK, warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return _correct(musicxml_tree(_convert("\n".join(text.splitlines()))), text)
        except ScoreError:
            raise
        except Exception as error:  # its parser raises errors of any type
            reason = " ".join(str(error).split())[:_MAX_REASON] or type(error).__name__
            raise ScoreError(f"it cannot be read as kern ({reason}): export it again") from error


def _convert(text: str) -> bytes:
    from music21.converter import subConverters
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    reader = subConverters.ConverterHumdrum()
    reader.parseData(text)
    return GeneralObjectExporter(reader.stream).parse()


def _correct(root: Element, text: str) -> Element:
    """Correct the marks that music21 converts badly, and keep the key of a key record."""
    _keep_key(root, text)
    for fermata in root.iter("fermata"):
        fermata.set("type", "upright")
    for part in root.findall("part"):
        style = part.find("measure[last()]/barline/bar-style")
        if style is not None and style.text == "light-light":  # '==' ends a piece
            style.text = "light-heavy"
    for creator in root.iter("creator"):
        family, comma, given = (creator.text or "").partition(", ")
        if comma and "," not in given:  # as in a reference record: 'Beethoven, Ludwig van'
            creator.text = f"{given} {family}"
    return root


def _keep_key(root: Element, text: str) -> None:
    """Write the mode of a key record such as ``*F:`` or ``*d:``.

    As a church mode, since `bachbot.scores.keys.estimate_key` ignores major and minor, which many
    programs write whatever the tune.
    """
    record = _KEY.search(text)
    first = root.find(".//key")
    if record is None or first is None:
        return
    letter = record[1].replace("-", "b")
    key = Key(letter[0].upper() + letter[1:], "major" if letter[0].isupper() else "minor")
    if first.findtext("fifths") == str(key.fifths):
        for mode in first.findall("mode"):
            first.remove(mode)
        index = [child.tag for child in first].index("fifths") + 1
        mode = Element("mode")
        mode.text = "ionian" if key.mode == "major" else "aeolian"
        first.insert(index, mode)
