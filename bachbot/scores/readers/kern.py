"""Humdrum kern, brought to MusicXML by music21."""

import contextlib
import io
import re
import threading
import warnings
from xml.etree.ElementTree import Element

from bachbot.chorale import Key
from bachbot.errors import ScoreError
from bachbot.scores.readers.musicxml import musicxml_tree

_LONGEST = 200
_LOCK = threading.Lock()
"""One thread at a time: the warning filters and the error stream belong to the whole process."""

_KEY = re.compile(r"^(?:\*[^\t\n]*\t)*\*([A-Ga-g][#-]?):\s*(?:\t|$)", re.MULTILINE)


def kern_tree(content: bytes) -> Element:
    """Read Humdrum kern and bring it to MusicXML.

    music21's reader is called itself: ``converter.parse`` would leave pickles in the temporary
    folder and takes some strings for addresses.

    Parameters
    ----------
    content : bytes
        The file, in UTF-8 or else Latin-1.

    Raises
    ------
    ScoreError
        If it is no kern, or music21 cannot read it or write what it read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "**kern" not in text:
        raise ScoreError("it has no **kern spine: give Humdrum kern")
    with _LOCK, warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return _mended(musicxml_tree(_converted("\n".join(text.splitlines()))), text)
        except ScoreError:
            raise
        except Exception as error:  # music21 raises what its parser happens to trip over
            reason = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
            raise ScoreError(f"it cannot be read as kern ({reason}): export it again") from error


def _converted(text: str) -> bytes:
    from music21.converter import subConverters
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    reader = subConverters.ConverterHumdrum()
    reader.parseData(text)
    return GeneralObjectExporter(reader.stream).parse()


def _mended(root: Element, text: str) -> Element:
    """Undo what music21 makes of marks that kern has but one kind of, and keep a typed key."""
    _keep_key(root, text)
    for fermata in root.iter("fermata"):
        fermata.set("type", "upright")
    for part in root.findall("part"):
        style = part.find("measure[last()]/barline/bar-style")
        if style is not None and style.text == "light-light":  # '==' ends a piece
            style.text = "light-heavy"
    for creator in root.iter("creator"):
        family, comma, given = (creator.text or "").partition(", ")
        if comma and "," not in given:  # 'Beethoven, Ludwig van', as reference records have it
            creator.text = f"{given} {family}"
    return root


def _keep_key(root: Element, text: str) -> None:
    """Name the mode of a key that is typed, such as ``*F:`` or ``*d:``.

    By its church name: major and minor are what programs write whatever the tune, see
    `bachbot.scores.keys.estimate_key`.
    """
    typed = _KEY.search(text)
    first = root.find(".//key")
    if typed is None or first is None:
        return
    letter = typed[1].replace("-", "b")
    key = Key(letter[0].upper() + letter[1:], "major" if letter[0].isupper() else "minor")
    if first.findtext("fifths") == str(key.fifths):
        for mode in first.findall("mode"):
            first.remove(mode)
        place = [child.tag for child in first].index("fifths") + 1
        mode = Element("mode")
        mode.text = "ionian" if key.mode == "major" else "aeolian"
        first.insert(place, mode)
