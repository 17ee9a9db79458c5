"""A chord that is given on a beat, for the voices that are written to obey."""

from dataclasses import dataclass

from bachbot.errors import UsageError

_PERFECT_FIFTH = 7


@dataclass(frozen=True)
class GivenChord:
    """A chord that the voices of a frame have to make.

    It holds in its frame alone: a chord that lasts several beats is given on each of them, and
    between the beats there may be non-chord tones.

    Parameters
    ----------
    frame : int
        The frame, 0 or more.
    root : int
        Its root in semitones above the tonic of the piece's key, 0 to 11.
    intervals : tuple of int
        Its tones from the root up by thirds, in semitones above the root, each 0 to 11 and named
        once: ``(0, 4, 7)`` is a major triad.
    inversions : tuple of int
        Which of the tones may be in the bass, by index: ``(0,)`` is root position, ``(1,)`` the
        first inversion. Empty: any.
    optional : tuple of int
        Intervals that the chord may lack; a perfect fifth always may.
    text : str
        How it is written, for messages.

    Raises
    ------
    UsageError
        If a number is out of range.
    """

    frame: int
    root: int
    intervals: tuple[int, ...]
    inversions: tuple[int, ...] = ()
    optional: tuple[int, ...] = ()
    text: str = ""

    def __post_init__(self) -> None:
        label = self.text or "the chord"
        if self.frame < 0:
            raise UsageError(f"{label} is given in frame {self.frame}: give 0 or more")
        if not self.intervals or len(set(self.intervals)) < len(self.intervals):
            raise UsageError(f"{label} has the intervals {self.intervals}: give each of them once")
        if not all(0 <= i < 12 for i in (self.root, *self.intervals, *self.optional)):
            raise UsageError(f"{label} has a tone outside 0 to 11 semitones: give pitch classes")
        if not all(0 <= i < len(self.intervals) for i in self.inversions):
            raise UsageError(
                f"{label} has {len(self.intervals)} tones and no inversion {max(self.inversions)}: "
                f"give 0 to {len(self.intervals) - 1}"
            )

    @property
    def tones(self) -> tuple[int, ...]:
        """Its tones from the root up, in semitones above the tonic, 0 to 11."""
        return tuple((self.root + i) % 12 for i in self.intervals)

    @property
    def basses(self) -> tuple[int, ...]:
        """The tones that may be in the bass, in semitones above the tonic."""
        if not self.inversions:
            return self.tones
        return tuple(self.tones[i] for i in self.inversions)

    @property
    def required(self) -> tuple[int, ...]:
        """The tones that must sound, in semitones above the tonic, the most important first.

        The third and the seventh say what chord it is, then come root and fifth.
        """
        spared = {_PERFECT_FIFTH, *self.optional}
        ranked = sorted(range(len(self.intervals)), key=lambda i: (1, 3, 0, 2, 4).index(min(i, 4)))
        return tuple(self.tones[i] for i in ranked if self.intervals[i] not in spared)


@dataclass(frozen=True)
class GivenHarmony:
    """What is given of a piece's harmony.

    Parameters
    ----------
    chords : tuple of GivenChord
        In order, at most one a frame.
    phrase_ends : tuple of int
        A frame of the last chord of each phrase whose end is given.
    notices : tuple of str
        What was read otherwise than it was written, a line each.
    """

    chords: tuple[GivenChord, ...] = ()
    phrase_ends: tuple[int, ...] = ()
    notices: tuple[str, ...] = ()

    def with_precedence(self, other: "GivenHarmony") -> "GivenHarmony":
        """Both; where both give a chord in a frame, that of the other."""
        chords = {c.frame: c for c in (*self.chords, *other.chords)}
        return GivenHarmony(
            tuple(chords[frame] for frame in sorted(chords)),
            tuple(sorted({*self.phrase_ends, *other.phrase_ends})),
            (*self.notices, *other.notices),
        )
