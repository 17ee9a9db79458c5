"""The walk through pieces: plans, a proposal and a model, frame by frame.

All streams are in the same place of the same frame at all times. A stream that sets a fermata has
one token more in its frame: the others wait for it before their soprano. Several pieces go side by
side, each in streams of its own.

Shapes: B streams, V vocabulary.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER
from bachbot.decoding.chance import Chance
from bachbot.decoding.charges import Charges
from bachbot.decoding.choice import Choice
from bachbot.decoding.plan import FERMATA_FREE, FERMATA_HERE, FREE, Plan
from bachbot.decoding.proposals import Proposal
from bachbot.decoding.streams import Streams
from bachbot.encoding import END, FERMATA, FRAME_END
from bachbot.runtime.protocol import StepModel


class Walk(Streams):
    """Streams on their way through one piece or several.

    Parameters
    ----------
    model : StepModel
        What scores, bound to the pieces.
    plans : sequence of Plan
        What is given of each piece. One stream of each sets out.
    proposal : Proposal
        What proposes.
    charges : Charges, optional
        What part-writing costs; nothing unless given.
    chance : Chance, optional
        What leads families of streams elsewhere; nothing unless given.
    weighed : bool
        Whether `weight` is reckoned.
    """

    def __init__(
        self,
        model: StepModel,
        plans: Sequence[Plan],
        proposal: Proposal,
        *,
        charges: Charges | None = None,
        chance: Chance | None = None,
        weighed: bool = False,
    ) -> None:
        super().__init__(model, plans, weighed=weighed)
        self.proposal = proposal
        self.charges = charges if charges is not None and charges.any else None
        self.chance = chance

    def end(
        self, which: NDArray[np.bool_] | None = None, emits: NDArray[np.bool_] | None = None
    ) -> None:
        """End streams as `Streams.end` does; the proposal forgets them too."""
        if which is None:
            which = np.ones(self.streams, dtype=np.bool_)
        self.proposal.keep(np.flatnonzero(~which))
        super().end(which, emits)

    def frame(self, frame: int) -> None:
        """Go through a frame.

        Parameters
        ----------
        frame : int
            The next one; 0 at first.

        Raises
        ------
        DecodingError
            If no stream can go on.
        """
        over = self.over(frame)
        if over.any():
            self.end(over)
        if self.streams:
            self._begin(frame)
        if not self.streams:
            return
        for voice in range(1, 4):
            self._voice(frame, voice)
        if self.charges is not None:
            self._join(self.charges.seam(self._choice(frame, 3)))
        kept = self.proposal.close(self._merit, self.label)
        if kept is not None:
            self.keep(kept)
        self._feed(FRAME_END)
        self.memory[:, 0] = self.memory[:, 1]
        if self.charges is not None and self.charges.fresh:
            self._listen(frame)

    def _join(self, cost: NDArray[np.float64]) -> None:
        """Charge streams for how given notes follow chosen ones, [B]."""
        self._price[:, 0] += cost
        if self.weighed:
            self.weight = self.weight - cost

    def _listen(self, frame: int) -> None:
        """Note the chords of a beat."""
        on_beat = [
            rows
            for p, rows in self._pieces()
            if self.plans[p].place[frame] % FRAMES_PER_QUARTER == 0
        ]
        if on_beat:
            rows = np.concatenate(on_beat)
            self._heard.note(rows, self.memory[rows, 0, :4])

    def _begin(self, frame: int) -> None:
        """The fermata or none, the soprano, or END."""
        here = [self.plans[p] for p in np.unique(self.piece)]
        fermatas = {int(p.fermata[frame]) for p in here}
        if (
            len(fermatas) == 1
            and FERMATA_FREE not in fermatas
            and not any(p.may_end[frame] for p in here)
        ):
            fermata = fermatas.pop()
            self.memory[:, 1, 4] = fermata == FERMATA_HERE
            if fermata == FERMATA_HERE:
                self._feed(FERMATA)
            self._voice(frame, 0)
            return
        self.memory[:, 1, 4] = 0
        legal = np.concatenate(
            [self._opening(self.plans[p], frame, rows) for p, rows in self._pieces()]
        )
        rows, tokens, cost = self._choose(frame, 0, legal)
        ends = tokens == END
        if ends.any():
            self._over(rows[ends], frame)
            self.proposal.keep(np.flatnonzero(~ends))
        self.keep(rows[~ends])
        if self.streams:
            self._part(frame, tokens[~ends], cost[~ends])

    def _opening(self, plan: Plan, frame: int, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """What may begin a frame of a piece: FERMATA, a soprano, END; [rows, V]."""
        memory, fermata = self.memory[rows], plan.fermata[frame]
        if fermata == FERMATA_HERE:
            legal = np.zeros((len(rows), self.scores.shape[1]), dtype=np.bool_)
            legal[:, FERMATA] = True
        else:
            legal = plan.legal(frame, 0, memory)
        if fermata == FERMATA_FREE:
            pause, go_on = plan.may_pause(frame, memory)
            legal[~go_on] = False
            legal[:, FERMATA] = pause
        legal[:, END] = plan.may_end[frame]
        return legal

    def _legal(
        self, frame: int, voice: int, which: NDArray[np.intp] | None = None
    ) -> NDArray[np.bool_]:
        return np.concatenate(
            [
                self.plans[p].legal(frame, voice, self.memory[rows])
                for p, rows in self._pieces(which)
            ]
        )

    def _part(self, frame: int, tokens: NDArray[np.intp], cost: NDArray[np.float64]) -> None:
        """Some streams set a fermata and then choose a soprano as well, the others have one."""
        pauses = tokens == FERMATA
        if pauses.any():
            legal = np.zeros_like(self.scores, dtype=np.bool_)
            legal[np.arange(len(tokens)), tokens] = True
            which = np.flatnonzero(pauses)
            self._price[which] += cost[which]
            self._pause(which)
            legal[which] = self._legal(frame, 0, which)
            rows, tokens, cost = self._choose(frame, 0, legal, which)
            self.keep(rows)
        self._take(0, tokens, cost)

    def _voice(self, frame: int, voice: int) -> None:
        pieces = self._pieces()
        forced = [int(self.plans[p].token[frame, voice]) for p, _ in pieces]
        if FREE not in forced:
            tokens = np.repeat(forced, [len(rows) for _, rows in pieces])
            if self.weighed:
                self.weight += self.scores[np.arange(self.streams), tokens]
            self._take(voice, tokens)
            return
        legal = self._legal(frame, voice)
        rows, tokens, cost = self._choose(frame, voice, legal)
        if len(rows) != self.streams or (rows != np.arange(len(rows))).any():
            self.keep(rows)
        self._take(voice, tokens, cost)

    def _choose(
        self,
        frame: int,
        voice: int,
        legal: NDArray[np.bool_],
        which: NDArray[np.intp] | slice = slice(None),
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Streams that go on, by which tokens, and what those are charged.

        `which` have a choice to make; the others wait for them with a token chosen before.
        """
        scores, cost = self.scores, None
        if self.charges is not None:
            legal, cost = self.charges.of(self._choice(frame, voice), scores, legal)
            scores = scores - cost
        led = None if self.chance is None else self.chance.of(frame, voice, self.label)
        offered = scores if led is None else scores + led
        rows, tokens = self.proposal.choose(self._merit, offered, legal, self.label)
        if not len(rows):
            raise self._stuck(frame)
        if self.weighed:
            mass = np.where(legal[which], scores[which], -np.inf)
            self.weight[which] += np.logaddexp.reduce(mass, axis=1)
        price = np.zeros((len(rows), 2))
        if cost is not None:
            price[:, 0] = cost[rows, tokens]
        if led is not None:
            price[:, 1] = led[rows, tokens]
        return rows, tokens, price

    def _choice(self, frame: int, voice: int) -> Choice:
        return Choice(self.plans, self.piece, frame, voice, self.memory, self._struck, self._heard)
