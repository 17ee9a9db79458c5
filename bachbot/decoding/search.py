"""The search: constraints, a token selector and a model, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Voice
from bachbot.decoding.constraints import FERMATA_FREE, FERMATA_HERE, FREE, Constraints
from bachbot.decoding.hypotheses import ROOT, Backpointers, SearchContext, SeenChords
from bachbot.decoding.penalties import Penalties
from bachbot.decoding.strategies import GumbelNoise, TokenSelector
from bachbot.encoding import END, FERMATA, FRAME_END, START, decode
from bachbot.errors import DecodingError
from bachbot.runtime.protocol import StepModel, log_probabilities


@dataclass(frozen=True)
class FinishedHypothesis:
    """A stream that came to its end.

    Parameters
    ----------
    log_probability : float
        Joint log-probability of its tokens after START, in nats.
    charged : float
        What its part-writing was charged, in nats.
    node : int
        Its last token in the trail.
    frames : int
        Its length.
    emitted : bool
        Whether the model itself ended it with END.
    piece : int
        Which piece it is of.
    label : int
        Which family of streams it belongs to.
    """

    log_probability: float
    charged: float
    node: int
    frames: int
    emitted: bool
    piece: int
    label: int

    @property
    def merit(self) -> float:
        """What a search ranks it by: its log-probability less what it was charged."""
        return self.log_probability - self.charged


class Hypotheses:
    """Streams side by side, all in the same place of the same frame.

    Parameters
    ----------
    model : StepModel
        What scores, bound to the pieces.
    plans : sequence of Plan
        What is given of each piece. One stream of each sets out.
    weighed : bool
        Whether `weight` is reckoned.

    Attributes
    ----------
    total : ndarray of float64, shape [B]
        Joint log-probability of each stream so far, in nats: that of every token after START, the
        given ones too, in the model's own distribution over all tokens.
    scores : ndarray of float64, shape [B, V]
        Log-probabilities of the next token, in nats.
    piece : ndarray of int, shape [B]
        Piece of each stream, in ascending order.
    memory : ndarray of int16, shape [B, 2, 5]
        The frame before and this one: pitches of S, A, T, B, then 1 under a fermata.
    weight : ndarray of float64, shape [B]
        Log-probability of having stayed legal so far, in nats: that of all legal tokens together,
        added up over the places.
    label : ndarray of int64, shape [B]
        Which family each stream belongs to; its piece at first. A search ranks within families.
    ended : list of Ended
        Streams that emitted END.
    trail : Trail
        Every token of every stream.
    """

    def __init__(
        self, model: StepModel, plans: Sequence[Constraints], *, weighed: bool = False
    ) -> None:
        self.model, self.plans, self.weighed = model, tuple(plans), weighed
        streams = len(plans)
        self.total = np.zeros(streams)
        self._price = np.zeros((streams, 2))  # what was charged, and what chance gave
        self.weight = np.zeros(streams)
        self.piece = np.arange(streams)
        self.label = np.arange(streams)
        self.memory = np.full((streams, 2, 5), -1, dtype=np.int16)
        self.memory[:, :, 4] = 0
        self.ended: list[FinishedHypothesis] = []
        self.trail = Backpointers()
        self._node = np.full(streams, ROOT)
        self._heard = SeenChords.nothing(streams)
        self._struck = np.ones(streams, dtype=np.bool_)
        self._length = np.array([p.frames for p in plans])
        self.scores: NDArray[np.float64]
        self._state = model.initial_state(streams)
        self._step(np.full(streams, START))

    @property
    def streams(self) -> int:
        """How many streams are on their way (B)."""
        return len(self.total)

    @property
    def charged(self) -> NDArray[np.float64]:
        """What each stream's part-writing was charged so far, in nats, [B]."""
        charged: NDArray[np.float64] = self._price[:, 0]
        return charged

    @property
    def _merit(self) -> NDArray[np.float64]:
        """What streams are ranked by on the way, [B]."""
        merit: NDArray[np.float64] = self.total - self._price[:, 0] + self._price[:, 1]
        return merit

    def over(self, frame: int) -> NDArray[np.bool_]:
        """Which streams have no such frame in their pieces, [B]."""
        return self._length[self.piece] <= frame

    def end(
        self, which: NDArray[np.bool_] | None = None, emits: NDArray[np.bool_] | None = None
    ) -> None:
        """End streams after the last frame of their pieces.

        Parameters
        ----------
        which : ndarray of bool, shape [B], optional
            Which streams; all unless given.
        emits : ndarray of bool, shape [B], optional
            Which of them emit END; all unless given. The others are cut.
        """
        if which is None:
            which = np.ones(self.streams, dtype=np.bool_)
        if emits is None:
            emits = which
        self._over(np.flatnonzero(which & emits))
        cut = np.flatnonzero(which & ~emits)
        self._record(cut, self._node[cut], self.total[cut], self._length[self.piece[cut]], False)
        self.keep(np.flatnonzero(~which))

    def best(self, number: int, piece: int = 0) -> list[FinishedHypothesis]:
        """The streams of most merit that ended, best first.

        Parameters
        ----------
        number : int
            How many at most.
        piece : int
            Of which piece.

        Raises
        ------
        DecodingError
            If none did, or none has any probability.
        """
        possible = [e for e in self.ended if np.isfinite(e.log_probability) and e.piece == piece]
        if not possible:
            raise self._stuck(int(self._length[piece]))
        return sorted(possible, key=lambda e: -e.merit)[:number]

    def best_of_each(self, piece: int) -> list[FinishedHypothesis]:
        """The best stream of each family of a piece, best first.

        Raises
        ------
        DecodingError
            As `best`.
        """
        ranked = self.best(len(self.ended), piece)
        first = {e.label: e for e in reversed(ranked)}
        return [e for e in ranked if first[e.label] is e]

    def music(self, found: FinishedHypothesis) -> Chorale:
        """The music of a stream that ended; meter and key are not told."""
        ids = [START, *self.trail.path(found.node)]
        if not found.emitted:
            ids.append(END)
        return decode(np.array(ids), self.model.vocabulary)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Let only these streams go on, in this order; one may go on several times."""
        self.total, self.weight = self.total[rows], self.weight[rows]
        self._price = self._price[rows]
        self.piece, self.label = self.piece[rows], self.label[rows]
        self.memory, self._node = self.memory[rows], self._node[rows]
        self.scores = self.scores[rows]
        self._heard = self._heard.rows(rows)
        self._struck = self._struck[rows]
        self._state = self.model.select(self._state, rows)

    def _pieces(self, which: NDArray[np.intp] | None = None) -> list[tuple[int, NDArray[np.intp]]]:
        """The streams of each piece, in order; of all streams or of some."""
        rows = np.arange(self.streams) if which is None else which
        if len(self.plans) == 1:
            return [(0, rows)]
        piece = self.piece[rows]
        starts = np.flatnonzero(np.diff(piece, prepend=-1))
        return [
            (int(piece[a]), part)
            for a, part in zip(starts, np.split(rows, starts[1:]), strict=True)
        ]

    def _pause(self, which: NDArray[np.intp]) -> None:
        """Step some of the streams by a fermata, and put them back in their places."""
        total, node, scores = self.total.copy(), self._node.copy(), self.scores.copy()
        total[which] += scores[which, FERMATA]
        node[which] = self.trail.add(node[which], np.full(len(which), FERMATA))
        others = np.setdiff1d(np.arange(len(total)), which)
        waiting = self.model.select(self._state, others)
        self._state = self.model.select(self._state, which)
        self._step(np.full(len(which), FERMATA))
        scores[which] = self.scores
        order = np.argsort(np.concatenate([others, which]))
        self._state = self.model.select(self.model.join([waiting, self._state]), order)
        self.total, self._node, self.scores = total, node, scores
        self.memory[which, 1, 4] = 1

    def _feed(self, token: int, voice: int | None = None) -> None:
        """The same token for all streams."""
        if self.weighed:
            self.weight += self.scores[:, token]
        self._take(voice, np.full(self.streams, token))

    def _take(
        self,
        voice: int | None,
        tokens: NDArray[np.intp],
        cost: NDArray[np.float64] | None = None,
    ) -> None:
        """A token for each stream, in a voice or in none."""
        self.total = self.total + self.scores[np.arange(self.streams), tokens]
        if cost is not None:
            self._price = self._price + cost
        self._node = self.trail.add(self._node, tokens)
        if voice is not None:
            self.memory[:, 1, voice] = self.model.vocabulary.pitch_of[tokens]
        if voice == Voice.SOPRANO:
            self._struck = ~self.model.vocabulary.tied_of[tokens]
        self._step(tokens)

    def _step(self, tokens: NDArray[np.intp]) -> None:
        logits, self._state = self.model.step(tokens, self._state)
        # Taken before anything is forbidden: see `bachbot.decoding.strategies.TokenSelector.choose`.
        self.scores = log_probabilities(self.model, logits)

    def _over(self, rows: NDArray[np.intp], frames: int | None = None) -> None:
        """Streams that emit END, after so many frames or at the end of their pieces."""
        nodes = self.trail.add(self._node[rows], np.full(len(rows), END))
        lengths = self._length[self.piece[rows]] if frames is None else np.full(len(rows), frames)
        self._record(rows, nodes, self.total[rows] + self.scores[rows, END], lengths, True)

    def _record(
        self,
        rows: NDArray[np.intp],
        nodes: NDArray[np.int64],
        totals: NDArray[np.float64],
        frames: NDArray[np.intp],
        emitted: bool,
    ) -> None:
        self.ended += [
            FinishedHypothesis(
                log_probability=float(total),
                charged=float(self.charged[row]),
                node=int(node),
                frames=int(length),
                emitted=emitted,
                piece=int(self.piece[row]),
                label=int(self.label[row]),
            )
            for row, total, node, length in zip(rows, totals, nodes, frames, strict=True)
        ]

    def _stuck(self, frame: int) -> DecodingError:
        return DecodingError(
            f"the model gives no probability to any music from frame {frame} on that keeps what is "
            "given: give less, or use another checkpoint"
        )


class Search(Hypotheses):
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
        plans: Sequence[Constraints],
        proposal: TokenSelector,
        *,
        charges: Penalties | None = None,
        chance: GumbelNoise | None = None,
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
            if self.plans[p].position[frame] % FRAMES_PER_QUARTER == 0
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

    def _opening(self, plan: Constraints, frame: int, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
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

    def _choice(self, frame: int, voice: int) -> SearchContext:
        return SearchContext(
            self.plans, self.piece, frame, voice, self.memory, self._struck, self._heard
        )
