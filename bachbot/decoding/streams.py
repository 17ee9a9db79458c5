"""Streams of tokens on their way through pieces: what they hold, and what a token does to them.

Shapes: B streams, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.decoding.choice import Heard
from bachbot.decoding.plan import Plan
from bachbot.decoding.trail import ROOT, Trail
from bachbot.encoding import END, FERMATA, START, decode
from bachbot.errors import DecodingError
from bachbot.runtime.protocol import StepModel, nats


@dataclass(frozen=True)
class Ended:
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


class Streams:
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

    def __init__(self, model: StepModel, plans: Sequence[Plan], *, weighed: bool = False) -> None:
        self.model, self.plans, self.weighed = model, tuple(plans), weighed
        streams = len(plans)
        self.total = np.zeros(streams)
        self._price = np.zeros((streams, 2))  # what was charged, and what chance gave
        self.weight = np.zeros(streams)
        self.piece = np.arange(streams)
        self.label = np.arange(streams)
        self.memory = np.full((streams, 2, 5), -1, dtype=np.int16)
        self.memory[:, :, 4] = 0
        self.ended: list[Ended] = []
        self.trail = Trail()
        self._node = np.full(streams, ROOT)
        self._heard = Heard.nothing(streams)
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

    def best(self, number: int, piece: int = 0) -> list[Ended]:
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

    def best_of_each(self, piece: int) -> list[Ended]:
        """The best stream of each family of a piece, best first.

        Raises
        ------
        DecodingError
            As `best`.
        """
        ranked = self.best(len(self.ended), piece)
        first = {e.label: e for e in reversed(ranked)}
        return [e for e in ranked if first[e.label] is e]

    def music(self, found: Ended) -> Chorale:
        """The music of a stream that ended; metre and key are not told."""
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
        # Taken before anything is forbidden: see `bachbot.decoding.proposals.Proposal.choose`.
        self.scores = nats(self.model, logits)

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
            Ended(
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
