"""Harmonising: a score, as the decoder takes it, and what it found, on the score's own page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bachbot.chorale import Given, Pulse, Voice
from bachbot.decoding import Candidate, under_a_tune
from bachbot.encoding import Work
from bachbot.engine.plan import Arrangement
from bachbot.errors import UsageError
from bachbot.scores import BarRange, Score, complete, rewritten, section_starts


@dataclass(frozen=True, eq=False)
class Commission:
    """A score that lacks voices, or bars.

    Parameters
    ----------
    score : Score
        From `load_score`; it has the given voices, all four if bars are to be rewritten.
    given : tuple of Voice
        Voices that come back note for note.
    bars : BarRange, optional
        Bars that are rewritten in the other voices; outside them all voices come back.

    Raises
    ------
    UsageError
        If nothing is missing, nothing is given, or the score lacks a given voice.
    """

    score: Score
    given: tuple[Voice, ...]
    bars: BarRange | None = None

    def __post_init__(self) -> None:
        needed = tuple(Voice) if self.bars is not None else self.given
        missing = [v.label for v in needed if v not in self.score.present]
        if missing:
            raise UsageError(
                f"the score lacks the given voice {missing[0]}: load it with that voice"
            )
        if len(set(self.given)) == len(Voice) or not (self.given or self.bars):
            raise UsageError(
                f"{len(set(self.given))} voices are given: give one, two or three of the four"
            )

    @cached_property
    def cells(self) -> np.ndarray:
        """Which cells of the page are given, [T, 4]."""
        cells = np.zeros((self.score.chorale.frames, 4), dtype=np.bool_)
        cells[:, list(self.given)] = True
        if self.bars is not None:
            outside = np.ones(len(cells), dtype=np.bool_)
            outside[self.bars.frames.start : self.bars.frames.stop] = False
            cells[outside] = True
        return cells

    @cached_property
    def pulse(self) -> Pulse:
        """How the page is heard."""
        leading = self.given[0] if self.given else Voice.SOPRANO
        return Pulse.of(self.score.chorale, leading)

    @cached_property
    def work(self) -> Work:
        """What the decoder is asked for, in C major or A minor."""
        pulse, source = self.pulse, self.score.chorale
        heard = pulse.heard(source.standardised())
        cells = np.repeat(self.cells, pulse.slower, axis=0)[:: pulse.quicker]
        # Fermatas that are written rule; where there are none the model sets its own.
        fermatas = np.full(len(cells), bool(heard.fermata.any()))
        fermatas[cells.all(axis=1)] = True
        strikes = np.zeros(cells.shape, dtype=np.bool_)
        anew = [f * pulse.slower // pulse.quicker for f in section_starts(self.score)]
        strikes[anew] = True
        wanted = Given(cells, fermatas, grid=pulse.slower, strikes=strikes)
        if cells[:, Voice.SOPRANO].all():
            heard, wanted = under_a_tune(heard, wanted)
        return Work(heard, wanted)

    def arranged(self, candidate: Candidate) -> Arrangement:
        """What was found, on the page."""
        source = self.score.chorale
        heard = self.pulse.written(candidate.chorale)
        found = heard.transposed(-source.key.shift, source.key)
        if self.bars is None:
            score = complete(self.score, found, self.given)
        else:
            score = rewritten(self.score, found, self.cells)
        return Arrangement(
            score, candidate.log_probability, candidate.charged, candidate.ending, candidate.seed
        )


def by_length(commissions: Sequence[Commission], batch: int) -> list[list[int]]:
    """Which pieces go side by side: those of like length, so that little is waited for."""
    lengths = [c.work.chorale.frames for c in commissions]
    order = sorted(range(len(commissions)), key=lambda i: lengths[i])
    return [order[i : i + batch] for i in range(0, len(order), batch)]
