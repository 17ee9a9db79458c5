"""The text fonts of an engraving: those that matplotlib carries, so that they are always there."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bachbot.errors import OutputError

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont

FAMILY = "STIXGeneral"
"""A Times, as verovio reckons with when it places words."""

_FACES = {
    (False, False): "STIXGeneral.ttf",
    (True, False): "STIXGeneralBol.ttf",
    (False, True): "STIXGeneralItalic.ttf",
    (True, True): "STIXGeneralBolIta.ttf",
}
_FALLBACK = "DejaVuSerif.ttf"
"""For letters that a Times lacks."""


def _folder() -> Path:
    # Found, not imported: matplotlib takes long to load and only its files are wanted.
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise OutputError("the text fonts are not there: install matplotlib, which carries them")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


def files() -> list[str]:
    """Paths of all fonts that an engraving uses."""
    return [str(_folder() / name) for name in (*_FACES.values(), _FALLBACK)]


@cache
def font(bold: bool, italic: bool, fallback: bool = False) -> "TTFont":
    """Give a text font by its style."""
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    name = _FALLBACK if fallback else _FACES[bold, italic]
    try:
        return TTFont(name.removesuffix(".ttf"), str(_folder() / name))
    except TTFError as error:
        raise OutputError(
            f"the text font {name} cannot be read: install matplotlib anew, which carries it"
        ) from error


def runs(text: str, bold: bool, italic: bool) -> list[tuple["TTFont", str]]:
    """Cut a text into stretches that one font has all letters of.

    Letters that neither font has stay with the first one, which shows a box.
    """
    first, second = font(bold, italic), font(bold, italic, fallback=True)
    out: list[tuple[TTFont, str]] = []
    for letter in text:
        known = ord(letter) in first.face.charToGlyph
        chosen = first if known or ord(letter) not in second.face.charToGlyph else second
        if out and out[-1][0] is chosen:
            out[-1] = (chosen, out[-1][1] + letter)
        else:
            out.append((chosen, letter))
    return out


def width(text: str, size: float, bold: bool = False, italic: bool = False) -> float:
    """Width of a text in the unit of its size."""
    return sum(face.stringWidth(part, size) for face, part in runs(text, bold, italic))
