"""The plan of a new piece: its phrases, which of them are alike, their keys and cadences."""

from dataclasses import dataclass, replace

from bachbot.chorale import GivenChord
from bachbot.errors import UsageError


@dataclass(frozen=True)
class PlannedPhrase:
    """A phrase of a new piece.

    Parameters
    ----------
    start, stop : int
        Its frames, up to `stop`.
    close : int
        Frame in which its last note begins, which stands under a fermata.
    letter : str
        Phrases of one letter have the same music. Empty: like no other.
    varied : bool
        Whether it closes otherwise than the first phrase of its letter: its music is new from a bar
        before the last note on.
    scale : tuple of int
        Semitones above the tonic of the piece that its notes should have. Empty: any.
    onsets : tuple of int
        The frames in which the soprano's notes begin. Empty: anywhere.

    Raises
    ------
    UsageError
        If the frames are not in order.
    """

    start: int
    stop: int
    close: int
    letter: str = ""
    varied: bool = False
    scale: tuple[int, ...] = ()
    onsets: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.close < self.stop:
            raise UsageError(
                f"a phrase from frame {self.start} to {self.stop} cannot close in {self.close}: "
                "give it two notes or more"
            )

    def scaled(self, factor: int) -> "PlannedPhrase":
        """The same in notes of another length."""
        return replace(
            self,
            start=self.start * factor,
            stop=self.stop * factor,
            close=self.close * factor,
            onsets=tuple(factor * f for f in self.onsets),
        )


@dataclass(frozen=True)
class CompositionPlan:
    """The plan of a new piece.

    Parameters
    ----------
    phrases : tuple of PlannedPhrase
        One or more, without gaps, in order.
    chords : tuple of GivenChord
        Chords that the voices make, such as those of cadences.
    tops : tuple of (int, tuple of int)
        Frames in which the soprano begins a note of some semitones above the tonic.
    """

    phrases: tuple[PlannedPhrase, ...]
    chords: tuple[GivenChord, ...] = ()
    tops: tuple[tuple[int, tuple[int, ...]], ...] = ()

    def __post_init__(self) -> None:
        stops = [0, *(phrase.stop for phrase in self.phrases)]
        if [phrase.start for phrase in self.phrases] != stops[:-1] or not self.phrases:
            raise UsageError("the phrases of a plan leave gaps: begin each where another stops")

    @property
    def frames(self) -> int:
        """Length of the piece."""
        return self.phrases[-1].stop

    def scaled(self, factor: int) -> "CompositionPlan":
        """The same in notes of another length."""
        return CompositionPlan(
            tuple(phrase.scaled(factor) for phrase in self.phrases),
            tuple(replace(chord, frame=chord.frame * factor) for chord in self.chords),
            tuple((frame * factor, tones) for frame, tones in self.tops),
        )

    def first_of(self, phrase: PlannedPhrase) -> PlannedPhrase | None:
        """The first phrase of its letter, if that is an earlier one."""
        first = next((p for p in self.phrases if p.letter and p.letter == phrase.letter), None)
        return None if first is None or first.start == phrase.start else first

    def repeated(self) -> tuple[PlannedPhrase, ...]:
        """The phrases whose music comes again later, in order."""
        firsts = [self.first_of(phrase) for phrase in self.phrases]
        starts = sorted({first.start for first in firsts if first is not None})
        return tuple(phrase for phrase in self.phrases if phrase.start in starts)
