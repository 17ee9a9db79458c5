"""Signs of the music lines of ABC."""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from bachbot.errors import ScoreError
from bachbot.scores.readers.abc.abc_decorations import decoration

_LENGTH = "[0-9]*+/*+[0-9]*+"
# No alternative looks further than the next bracket of its kind: a line is read in linear time.
_TOKEN = re.compile(
    rf"""
    (?P<field>\[[A-Za-z]:[^\[\]]*+\])
  | (?P<quoted>"[^"]*+")
  | (?P<dotted>\.(?=[-(|]))
  | (?P<overlay>\(&|&\)|&++(?!\)))
  | (?P<bar>\[?\|++:++|:++\|*+:++|:++\|++\]?|\[\|\]|\[\||\|\]|\|++|::++)(?P<first>[1-9][0-9,.-]*+)?
  | (?P<ending>\[(?:[1-9][0-9,.-]*+|"[^"]*+"))
  | (?P<grace>\{{[^{{}}]*+\}})
  | (?P<tuplet>\([2-9](?::[1-9]?[0-9]?){{0,2}})
  | (?P<chord>\[[^\[\]|]*+\](?P<chordlength>{_LENGTH}))
  | (?P<note>(?:\^\^?|__?|=)?[A-Ga-g][,']*+)(?P<length>{_LENGTH})
  | (?P<rest>[xzZX])(?P<restlength>{_LENGTH})
  | (?P<slur>(?:\((?![2-9&]))++|\)++)
  | (?P<tie>-++)
  | (?P<broken>>++|<++)
  | (?P<decoration>!(?P<name>[^!\s|]{{1,40}})!|\+(?P<old>[^+\s|]{{1,40}})\+)
  | (?P<symbol>(?P<letter>[.~H-Wh-w])(?P=letter)*+)
  | (?P<space>(?:[\s`$\\*]++|y[0-9]*+)+)
    """,
    re.VERBOSE,
)
_OF_GROUP = {
    "first": "bar", "chordlength": "chord", "length": "note", "restlength": "rest",
    "name": "decoration", "old": "decoration", "letter": "symbol",
}  # fmt: skip
PITCH = re.compile(rf"(\^\^?|__?|=)?([A-Ga-g])([,']*+)({_LENGTH})(-?)")
"""A pitch: accidental, letter, octave marks, length, and a tie within a chord."""
_NUMBERS = re.compile("[0-9]+|/+")
_MAX_ENDING = 40


def tokens(line: str, breaks: str = "") -> Iterator[tuple[str, re.Match[str]]]:
    """Kind and match of each sign of a music line; what is no sign of ABC is left out.

    Parameters
    ----------
    line : str
        The line.
    breaks : str
        ``"!"`` if all ``!`` are line breaks. Otherwise they are where they enclose no decoration.
    """
    at = 0
    while match := _TOKEN.search(line, at):
        at = match.end()
        kind = match.lastgroup or ""
        kind = _OF_GROUP.get(kind, kind)
        if kind == "decoration":
            name = match["name"]
            if name is not None and (breaks == "!" or decoration(name) is None):
                at = match.start() + 1
                continue
        yield kind, match


@lru_cache(maxsize=256)  # a tune has few lengths
def read_length(text: str) -> Fraction:
    """Read a length such as ``3``, ``3/2``, ``/`` or ``//``."""
    if not text:
        return Fraction(1)
    parts = _NUMBERS.findall(text)
    over = parts.pop(0) if parts[0][0] != "/" else "1"
    slashes = len(parts[0]) if parts else 0
    under = parts[1] if len(parts) > 1 else ""
    if len(over) > 4 or len(under) > 4 or slashes > 8 or (under and not int(under)):
        raise ScoreError(f"a length of {text[:20]} is not possible: correct the ABC")
    denominator = int(under) if under else 2**slashes
    return Fraction(int(over), denominator)


def read_tuplet(text: str, *, compound: bool) -> tuple[int, int, int]:
    """How many notes of a tuplet such as ``(3``, of how many others, and for how many notes.

    Parameters
    ----------
    text : str
        Its sign.
    compound : bool
        Whether its meter is compound.

    Examples
    --------
    >>> read_tuplet("(3", compound=False), read_tuplet("(5::4", compound=True)
    ((3, 2, 3), (5, 3, 4))
    """
    notes, time, left = (int(f) if f else 0 for f in (text[1:] + "::").split(":")[:3])
    usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(notes, 3 if compound else 2)
    return notes, time or usual, left or notes


def ending_numbers(text: str) -> str:
    """The list of an ending, which MusicXML writes for both ``1-3`` and ``1,2,3``.

    Examples
    --------
    >>> ending_numbers("1-3"), ending_numbers("1,3")
    ('1,2,3', '1,3')
    """
    text = text[:_MAX_ENDING]
    first, dash, last = text.strip(",.-").partition("-")
    if dash and first.isdigit() and last.isdigit() and int(first) < int(last) < 20:
        return ",".join(str(n) for n in range(int(first), int(last) + 1))
    return ",".join(re.findall(r"[1-9][0-9]?", text))
