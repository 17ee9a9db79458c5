"""Roman numerals: the chords that a key has a name for.

The names are those of the textbooks (Aldwell, Schachter and Cadwallader, *Harmony and Voice
Leading*, 4th edition): upper case for major and augmented chords, lower case for minor and
diminished; in minor, VI and VII are on the lowered sixth and seventh degree, vio and viio on the
raised ones. Figures give the inversion: 6 and 64 of a triad; 7, 65, 43 and 42 of a seventh chord.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from bachbot.chorale import Key, Mode, line_of_fifths, note_name

Family = Literal["primary", "secondary", "mixture", "applied", "sixth"]
"""How close a numeral is to its key: common chords of the key, its other chords, chords borrowed
from the other mode (mixture), applied chords, and augmented sixths."""

_DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")
_SCALES: dict[Mode, tuple[int, ...]] = {
    "major": (0, 2, 4, -1, 1, 3, 5),
    "minor": (0, 2, -3, -1, 1, -4, -2),
}
"""Position of each degree on the line of fifths above the tonic."""
_FIGURES = {3: ("", "6", "64"), 4: ("7", "65", "43", "42")}


@dataclass(frozen=True)
class Shape:
    """The structure of a chord on any root.

    Parameters
    ----------
    name : str
        Name in words.
    fifths : tuple of int
        Its tones from the root up, by thirds, as positions on the line of fifths above the root.
    suffix : str
        Suffix of the chord symbol after the root.
    large : bool
        Whether its numeral is in upper case.
    mark : str
        Symbol between numeral and figures: ``o``, ``ø`` or ``+``.
    """

    name: str
    fifths: tuple[int, ...]
    suffix: str
    large: bool
    mark: str = ""

    @cached_property
    def tones(self) -> tuple[int, ...]:
        """Semitones above the root, each 0 to 11."""
        return tuple(f * 7 % 12 for f in self.fifths)

    @property
    def seventh(self) -> bool:
        """Whether it has four tones."""
        return len(self.fifths) == 4


SHAPES: tuple[Shape, ...] = (
    Shape("major", (0, 4, 1), "", True),
    Shape("minor", (0, -3, 1), "m", False),
    Shape("diminished", (0, -3, -6), "dim", False, "o"),
    Shape("augmented", (0, 4, 8), "aug", True, "+"),
    Shape("dominant seventh", (0, 4, 1, -2), "7", True),
    Shape("major seventh", (0, 4, 1, 5), "maj7", True),
    Shape("minor seventh", (0, -3, 1, -2), "m7", False),
    Shape("half-diminished seventh", (0, -3, -6, -2), "m7b5", False, "ø"),
    Shape("diminished seventh", (0, -3, -6, -9), "dim7", False, "o"),
    Shape("French sixth", (0, 4, 6, -2), "7b5", True),
    Shape("Italian sixth", (0, 4, -2), "7(no5)", True),
)
"""All chord shapes; a `Numeral` refers to its shape by index."""

MAJ, MIN, DIM, AUG, DOM7, MAJ7, MIN7, HALF7, DIM7, FRENCH, ITALIAN = range(len(SHAPES))

_SIXTHS = {
    DOM7: ("Ger65", "Ger43", "Ger42", "Ger7"),
    FRENCH: ("Fr43", "Fr42", "Fr7", "Fr65"),
    ITALIAN: ("It6", "It64", "It53"),
}
"""Names of augmented sixths by the tone in the bass, from the lowered sixth degree up."""


@dataclass(frozen=True)
class Numeral:
    """A chord named in a key.

    Parameters
    ----------
    mode : {"major", "minor"}
        Mode of the key.
    root : int
        Position of its root on the line of fifths above the tonic.
    shape : int
        Index into `SHAPES`.
    family : str
        See `Family`.
    of : int, optional
        Degree that an applied chord resolves to, 0 to 6.
    """

    mode: Mode
    root: int
    shape: int
    family: Family
    of: int | None = None

    @property
    def degree(self) -> int:
        """Degree of its root, 0 to 6; for an applied chord, in the key of its goal."""
        return (self.root - self._home) * 4 % 7

    @property
    def _home(self) -> int:
        return 0 if self.of is None else _SCALES[self.mode][self.of]

    @property
    def semitones(self) -> int:
        """Root above the tonic, 0 to 11."""
        return self.root * 7 % 12

    @property
    def tones(self) -> tuple[int, ...]:
        """Pitch classes above the tonic, from the root up by thirds."""
        return tuple((self.semitones + t) % 12 for t in SHAPES[self.shape].tones)

    @cached_property
    def name(self) -> str:
        """The numeral without figures: ``V``, ``viio``, ``bII``, ``V/ii``."""
        head, goal = self._parts
        return head + goal

    @cached_property
    def _parts(self) -> tuple[str, str]:
        shape = SHAPES[self.shape]
        head = _DEGREES[self.degree] if shape.large else _DEGREES[self.degree].lower()
        if self.of is not None:
            return head + shape.mark, "/" + _goal(self.mode, self.of)
        below = (self.root - _SCALES[self.mode][self.degree]) // 7
        raised = self.mode == "minor" and below == 1 and self.degree in (5, 6)
        flat = "b" * -below if below < 0 else "" if raised else "#" * below
        return flat + head + shape.mark, ""

    def figured(self, inversion: int) -> str:
        """The numeral with the figures of its inversion, such as ``V65/ii`` or ``It6``.

        Parameters
        ----------
        inversion : int
            Index of the bass among its tones, from the root up: 0 to 2, or 3 for a seventh chord.
        """
        if self.family == "sixth":
            return _SIXTHS[self.shape][inversion]
        head, goal = self._parts
        figures = _FIGURES[len(SHAPES[self.shape].fifths)]
        return head + figures[inversion] + goal

    def chord(self, key: Key, inversion: int) -> str:
        """Its chord symbol in a key, such as ``G7/B``.

        Parameters
        ----------
        key : Key
            A key of the numeral's mode.
        inversion : int
            Index of the bass among its tones.
        """
        shape = SHAPES[self.shape]
        root = line_of_fifths(key.tonic) + self.root
        over = "/" + note_name(root + shape.fifths[inversion]) if inversion else ""
        return note_name(root) + shape.suffix + over


def _goal(mode: Mode, degree: int) -> str:
    """Name of the degree that an applied chord resolves to."""
    large = {"major": (0, 3, 4), "minor": (2, 4, 5, 6)}[mode]
    return _DEGREES[degree] if degree in large else _DEGREES[degree].lower()


def _diatonic() -> Iterator[Numeral]:
    rows: dict[tuple[Mode, Family], tuple[tuple[int, tuple[int, ...]], ...]] = {
        ("major", "primary"): (
            (0, (MAJ,)), (2, (MIN, MIN7)), (-1, (MAJ,)), (1, (MAJ, DOM7)), (3, (MIN,)), (5, (DIM,)),
        ),
        ("major", "secondary"): (
            (4, (MIN, MIN7)), (0, (MAJ7,)), (-1, (MAJ7,)), (3, (MIN7,)), (5, (HALF7,)),
        ),
        ("major", "mixture"): (
            (-1, (MIN,)), (2, (DIM, HALF7)), (-4, (MAJ,)), (-2, (MAJ,)), (1, (MIN, AUG)),
            (0, (MIN,)), (5, (DIM7,)), (-5, (MAJ,)),
        ),
        ("minor", "primary"): (
            (0, (MIN,)), (-1, (MIN,)), (1, (MAJ, DOM7)), (2, (DIM, HALF7)), (-4, (MAJ,)),
            (5, (DIM, DIM7)),
        ),
        ("minor", "secondary"): (
            (-3, (MAJ, MAJ7)), (-2, (MAJ, DOM7)), (1, (MIN, MIN7)), (0, (MIN7,)), (-1, (MIN7,)),
            (-4, (MAJ7,)),
        ),
        ("minor", "mixture"): (
            (0, (MAJ,)), (-1, (MAJ, DOM7)), (2, (MIN, MIN7)), (-3, (AUG,)), (3, (DIM, HALF7)),
            (-5, (MAJ,)),
        ),
    }  # fmt: skip
    for (mode, family), row in rows.items():
        for root, shapes in row:
            for shape in shapes:
                yield Numeral(mode, root, shape, family)


def _chromatic() -> Iterator[Numeral]:
    """Dominants and leading-note chords of other degrees, and augmented sixths."""
    modes: tuple[Mode, Mode] = ("major", "minor")
    goals: dict[Mode, tuple[int, ...]] = {"major": (1, 2, 3, 4, 5), "minor": (2, 3, 4, 5, 6)}
    for mode in modes:
        plain = {(n.root, n.shape) for n in _diatonic() if n.mode == mode}
        # A Picardy third and the dominant of iv are the same chord with two meanings.
        plain -= {(0, MAJ)} if mode == "minor" else set()
        for goal in goals[mode]:
            home = _SCALES[mode][goal]
            for above, shape in ((1, MAJ), (1, DOM7), (5, DIM), (5, DIM7), (5, HALF7)):
                if (home + above, shape) not in plain:
                    yield Numeral(mode, home + above, shape, "applied", goal)
        for shape in _SIXTHS:
            if (-4, shape) not in plain:
                yield Numeral(mode, -4, shape, "sixth")


NUMERALS: dict[Mode, tuple[Numeral, ...]] = {
    mode: tuple(n for n in (*_diatonic(), *_chromatic()) if n.mode == mode)
    for mode in ("major", "minor")
}
"""All numerals of each mode."""
