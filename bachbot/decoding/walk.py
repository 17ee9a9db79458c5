"""The walk through a piece: a plan, a proposal and a model, frame by frame.

All streams are in the same place of the same frame at all times. A stream that sets a fermata has
one token more in its frame: the others wait for it before their soprano.

Shapes: B streams, V vocabulary.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.decoding.plan import FERMATA_FREE, FERMATA_HERE, FREE, Plan
from bachbot.decoding.proposals import Proposal
from bachbot.decoding.trail import ROOT, Trail
from bachbot.encoding import END, FERMATA, FRAME_END, START, decode
from bachbot.errors import DecodingError
from bachbot.runtime.protocol import StepModel


@dataclass(frozen=True)
class Ended:
    """A stream that came to its end.

    Parameters
    ----------
    log_probability : float
        Joint log-probability of its tokens after START, in nats.
    node : int
        Its last token in the trail.
    frames : int
        Its length.
    emitted : bool
        Whether the model itself ended it with END.
    label : int
        Which family of streams it belongs to.
    """

    log_probability: float
    node: int
    frames: int
    emitted: bool
    label: int


class Walk:
    """Streams on their way through a piece.

    Parameters
    ----------
    model : StepModel
        What scores.
    plan : Plan
        What is given.
    proposal : Proposal
        What proposes.
    streams : int
        How many streams set out (B): 1 for a search, more for draws.
    weighed : bool
        Whether `weight` is reckoned.

    Attributes
    ----------
    total : ndarray of float64, shape [B]
        Joint log-probability of each stream so far, in nats: that of every token after START, the
        given ones too, in the model's own distribution over all tokens.
    scores : ndarray of float64, shape [B, V]
        Log-probabilities of the next token, in nats.
    memory : ndarray of int16, shape [B, 2, 5]
        The frame before and this one: pitches of S, A, T, B, then 1 under a fermata.
    weight : ndarray of float64, shape [B]
        Log-probability of having stayed legal so far, in nats: that of all legal tokens together,
        added up over the places.
    label : ndarray of int64, shape [B]
        Which family each stream belongs to; 0 at first.
    ended : list of Ended
        Streams that emitted END.
    trail : Trail
        Every token of every stream.
    """

    def __init__(
        self,
        model: StepModel,
        plan: Plan,
        proposal: Proposal,
        streams: int = 1,
        *,
        weighed: bool = False,
    ) -> None:
        self.model, self.plan, self.proposal = model, plan, proposal
        self.weighed = weighed
        self.total = np.zeros(streams)
        self.weight = np.zeros(streams)
        self.label = np.zeros(streams, dtype=np.int64)
        self.memory = np.full((streams, 2, 5), -1, dtype=np.int16)
        self.memory[:, :, 4] = 0
        self.ended: list[Ended] = []
        self.trail = Trail()
        self._node = np.full(streams, ROOT)
        self.scores: NDArray[np.float64]
        self._state = model.initial_state(streams)
        self._step(np.full(streams, START))

    @property
    def streams(self) -> int:
        """How many streams are on their way (B)."""
        return len(self.total)

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
        self._begin(frame)
        if not self.streams:
            return
        for voice in range(1, 4):
            self._voice(frame, voice)
        self._feed(FRAME_END)
        self.memory[:, 0] = self.memory[:, 1]

    def end(self, emits: NDArray[np.bool_] | None = None) -> None:
        """End all streams after the last frame.

        Parameters
        ----------
        emits : ndarray of bool, shape [B], optional
            Which emit END; all unless given. The others are cut.
        """
        if emits is None:
            emits = np.ones(self.streams, dtype=np.bool_)
        self._over(np.flatnonzero(emits), self.plan.frames)
        cut = np.flatnonzero(~emits)
        self._record(cut, self._node[cut], self.total[cut], self.plan.frames, emitted=False)
        self.keep(np.arange(0))

    def best(self, number: int) -> list[Ended]:
        """The likeliest streams that ended, best first.

        Raises
        ------
        DecodingError
            If none did, or none has any probability.
        """
        possible = [e for e in self.ended if np.isfinite(e.log_probability)]
        if not possible:
            raise self._stuck(self.plan.frames)
        return sorted(possible, key=lambda e: -e.log_probability)[:number]

    def music(self, found: Ended) -> Chorale:
        """The music of a stream that ended; metre and key are not told."""
        ids = [START, *self.trail.path(found.node)]
        if not found.emitted:
            ids.append(END)
        return decode(np.array(ids), self.plan.vocabulary)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Let only these streams go on, in this order; one may go on several times."""
        self.total, self.weight = self.total[rows], self.weight[rows]
        self.label = self.label[rows]
        self.memory, self._node = self.memory[rows], self._node[rows]
        self.scores = self.scores[rows]
        self._state = self.model.select(self._state, rows)

    def _begin(self, frame: int) -> None:
        """The fermata or none, the soprano, or END."""
        plan, fermata = self.plan, self.plan.fermata[frame]
        self.memory[:, 1, 4] = fermata == FERMATA_HERE
        if fermata == FERMATA_HERE:
            self._feed(FERMATA)
        if fermata != FERMATA_FREE and not plan.may_end[frame]:
            self._voice(frame, 0)
            return
        legal = plan.legal(frame, 0, self.memory)
        if fermata == FERMATA_FREE:
            pause, go_on = plan.may_pause(frame, self.memory)
            legal[~go_on] = False
            legal[:, FERMATA] = pause
        legal[:, END] = plan.may_end[frame]
        rows, tokens = self._choose(frame, legal)
        self._weigh(legal)
        self._part(frame, rows, tokens)

    def _part(self, frame: int, rows: NDArray[np.intp], tokens: NDArray[np.intp]) -> None:
        """Some streams end, some set a fermata and then choose a soprano as well, some have one."""
        ends, pauses = tokens == END, tokens == FERMATA
        if ends.any():
            self._over(rows[ends], frame)
            self.proposal.keep(np.flatnonzero(~ends))
            rows, tokens, pauses = rows[~ends], tokens[~ends], pauses[~ends]
        self.keep(rows)
        if not pauses.any():
            if len(rows):
                self._take(0, tokens)
            return
        legal = np.zeros_like(self.scores, dtype=np.bool_)
        legal[np.arange(len(rows)), tokens] = True
        which = np.flatnonzero(pauses)
        self._pause(which)
        legal[which] = self.plan.legal(frame, 0, self.memory[which])
        rows, tokens = self._choose(frame, legal)
        self._weigh(legal, which)
        self.keep(rows)
        self._take(0, tokens)

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

    def _voice(self, frame: int, voice: int) -> None:
        forced = self.plan.token[frame, voice]
        if forced != FREE:
            self._feed(int(forced), voice)
            return
        legal = self.plan.legal(frame, voice, self.memory)
        rows, tokens = self._choose(frame, legal)
        self._weigh(legal)
        if len(rows) != self.streams or (rows != np.arange(len(rows))).any():
            self.keep(rows)
        self._take(voice, tokens)

    def _choose(
        self, frame: int, legal: NDArray[np.bool_]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        rows, tokens = self.proposal.choose(self.total, self.scores, legal)
        if not len(rows):
            raise self._stuck(frame)
        return rows, tokens

    def _weigh(
        self, legal: NDArray[np.bool_], which: NDArray[np.intp] | slice = slice(None)
    ) -> None:
        if self.weighed:
            scores = np.where(legal[which], self.scores[which], -np.inf)
            self.weight[which] += np.log(np.exp(scores).sum(axis=1))

    def _feed(self, token: int, voice: int | None = None) -> None:
        """The same token for all streams."""
        if self.weighed:
            self.weight += self.scores[:, token]
        self._take(voice, np.full(self.streams, token))

    def _take(self, voice: int | None, tokens: NDArray[np.intp]) -> None:
        """A token for each stream, in a voice or in none."""
        self.total = self.total + self.scores[np.arange(self.streams), tokens]
        self._node = self.trail.add(self._node, tokens)
        if voice is not None:
            self.memory[:, 1, voice] = self.plan.vocabulary.pitch_of[tokens]
        self._step(tokens)

    def _step(self, tokens: NDArray[np.intp]) -> None:
        logits, self._state = self.model.step(tokens, self._state)
        self.scores = log_softmax(logits)

    def _over(self, rows: NDArray[np.intp], frames: int) -> None:
        """Streams that emit END after so many frames."""
        nodes = self.trail.add(self._node[rows], np.full(len(rows), END))
        self._record(rows, nodes, self.total[rows] + self.scores[rows, END], frames, emitted=True)

    def _record(
        self,
        rows: NDArray[np.intp],
        nodes: NDArray[np.int64],
        totals: NDArray[np.float64],
        frames: int,
        *,
        emitted: bool,
    ) -> None:
        self.ended += [
            Ended(float(total), int(node), frames, emitted, int(label))
            for total, node, label in zip(totals, nodes, self.label[rows], strict=True)
        ]

    def _stuck(self, frame: int) -> DecodingError:
        return DecodingError(
            f"the model gives no probability to any music from frame {frame} on that keeps what is "
            "given: give less, or use another checkpoint"
        )


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log-probabilities in nats of scores [B, V], in float64.

    Taken before anything is forbidden: see `bachbot.decoding.proposals.Proposal.choose`.
    """
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted
