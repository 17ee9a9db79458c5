"""Text fonts of engraved pages: the ones that matplotlib ships, so that they are always there."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bachbot.errors import OutputError

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont

FAMILY = "STIXGeneral"
"""A Times; verovio assumes one when it places lyrics."""

_FACES = {
    (False, False): "STIXGeneral.ttf",
    (True, False): "STIXGeneralBol.ttf",
    (False, True): "STIXGeneralItalic.ttf",
    (True, True): "STIXGeneralBolIta.ttf",
}
_FALLBACK = "DejaVuSerif.ttf"
"""For letters that the Times does not have."""


def _folder() -> Path:
    # Only located: importing matplotlib is slow and only its files are needed.
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise OutputError("the text fonts are missing: install matplotlib, which ships them")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


def font_files() -> list[str]:
    """Return the paths of all fonts that engraved pages use."""
    return [str(_folder() / name) for name in (*_FACES.values(), _FALLBACK)]


@cache
def font(bold: bool, italic: bool, fallback: bool = False) -> "TTFont":
    """Return a text font by its style."""
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    name = _FALLBACK if fallback else _FACES[bold, italic]
    try:
        return TTFont(name.removesuffix(".ttf"), str(_folder() / name))
    except TTFError as error:
        raise OutputError(
            f"the text font {name} cannot be read: reinstall matplotlib, which ships it"
        ) from error


def split_by_font(text: str, bold: bool, italic: bool) -> list[tuple["TTFont", str]]:
    """Split a text into runs with the font to draw each.

    Letters that neither font has stay with the first font, which shows a box.
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


def text_width(text: str, size: float, bold: bool = False, italic: bool = False) -> float:
    """Return the width of a text, in the unit of `size`."""
    return sum(face.stringWidth(part, size) for face, part in split_by_font(text, bold, italic))
