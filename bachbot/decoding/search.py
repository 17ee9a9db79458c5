"""The search: hypotheses of one piece or several that grow together, frame by frame.

`Search` brings together the model, which scores tokens, the constraints, which say what is legal,
the penalties, and a token selector: a beam or a sampler. All hypotheses are always at the same
cell of the same frame.

Shapes: B hypotheses, V tokens of the vocabulary.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Voice
from bachbot.decoding.constraints import FERMATA_FREE, FERMATA_HERE, FREE, Constraints
from bachbot.decoding.context import SearchContext
from bachbot.decoding.hypotheses import (
    ROOT,
    Backpointers,
    Choice,
    FinishedHypothesis,
    FrameState,
    SeenChords,
)
from bachbot.decoding.penalties import Penalties
from bachbot.decoding.strategies import GumbelNoise, TokenSelector
from bachbot.encoding import END, FERMATA, FRAME_END, START, decode
from bachbot.errors import DecodingError
from bachbot.features import MusicHistory
from bachbot.runtime.protocol import StepModel, log_probabilities


class Search:
    """Hypotheses of one piece or several.

    Parameters
    ----------
    model : StepModel
        The model, bound to the pieces.
    constraints : sequence of Constraints
        Those of each piece. The search starts with one hypothesis of each.
    selector : TokenSelector
        Beam or sampler.
    penalties : Penalties, optional
        Penalties and bonuses. Default: none.
    noise : GumbelNoise, optional
        Noise that makes beam groups differ. Default: none.
    track_weights : bool
        Whether `weight` is computed.

    Attributes
    ----------
    log_probability : ndarray of float64, shape [B]
        Joint log-probability of each hypothesis so far, in nats: of every token after START,
        given ones too, in the model's own distribution over all tokens.
    penalty : ndarray of float64, shape [B]
        Sum of the penalties of each hypothesis so far, in nats.
    next_log_probability : ndarray of float64, shape [B, V]
        Log-probabilities of the next token, in nats.
    weight : ndarray of float64, shape [B]
        Importance weight for a particle filter, as a logarithm: at each token the log-probability,
        less penalty, of all legal tokens together, summed over the tokens so far.
    piece : ndarray of int, shape [B]
        Piece of each hypothesis, in ascending order.
    group : ndarray of int64, shape [B]
        Beam group of each hypothesis, or its candidate in a particle filter; at first its piece.
        Hypotheses are ranked within their group.
    state : FrameState
        The last two frames of each hypothesis.
    finished : list of FinishedHypothesis
        Hypotheses that reached the end.
    """

    def __init__(
        self,
        model: StepModel,
        constraints: Sequence[Constraints],
        selector: TokenSelector,
        *,
        penalties: Penalties | None = None,
        noise: GumbelNoise | None = None,
        track_weights: bool = False,
    ) -> None:
        batch = len(constraints)
        self.model, self.constraints, self.selector = model, tuple(constraints), selector
        self.penalties = penalties if penalties is not None and penalties.active else None
        self.noise, self.track_weights = noise, track_weights
        self.log_probability = np.zeros(batch)
        self.penalty = np.zeros(batch)
        self.weight = np.zeros(batch)
        self.piece = np.arange(batch)
        self.group = np.arange(batch)
        self.state = FrameState.start(batch)
        self.finished: list[FinishedHypothesis] = []
        self.next_log_probability: NDArray[np.float64]
        self._added_noise = np.zeros(batch)
        self._backpointers = Backpointers()
        self._node = np.full(batch, ROOT)
        self._seen = SeenChords.empty(batch)
        self._length = np.array([c.frames for c in constraints])
        self._history: MusicHistory | None = None
        if self.penalties is not None and self.penalties.use_history:
            beats = int(self._length.max()) // FRAMES_PER_QUARTER + 2
            self._history = MusicHistory.start(batch, beats)
        self._model_state = model.initial_state(batch)
        self._step(np.full(batch, START))

    @property
    def size(self) -> int:
        """Number of unfinished hypotheses (B)."""
        return len(self.log_probability)

    @property
    def score(self) -> NDArray[np.float64]:
        """What hypotheses are ranked by: log-probability less penalty, plus noise, [B]."""
        score: NDArray[np.float64] = self.log_probability - self.penalty + self._added_noise
        return score

    def is_over(self, frame: int) -> NDArray[np.bool_]:
        """Whether the piece of each hypothesis has no such frame, [B]."""
        return self._length[self.piece] <= frame

    def decode_frame(self, frame: int) -> None:
        """Choose the tokens of one frame in all hypotheses.

        Parameters
        ----------
        frame : int
            The next frame; 0 at first.

        Raises
        ------
        DecodingError
            If no hypothesis can continue.
        """
        over = self.is_over(frame)
        if over.any():
            self.finish(over)
        if self.size:
            self._begin_frame(frame)
        if not self.size:
            return
        for voice in range(1, 4):
            self._decode_voice(frame, voice)
        if self.penalties is not None:
            cost = self.penalties.given_note_costs(self._context(frame, Voice.BASS))
            self.penalty = self.penalty + cost
            if self.track_weights:
                self.weight = self.weight - cost
        kept = self.selector.prune(self.score, self.group)
        if kept is not None:
            self._select(kept)
        self._append_to_all(FRAME_END)
        if self._history is not None:
            place = self._context(frame, Voice.BASS).beat_position[self.piece]
            self._history = self._history.next_frame(self.state.pitch, self.state.onset, place)
        self.state = self.state.next_frame()
        if self.penalties is not None and self.penalties.use_seen_chords:
            self._note_chords(frame)

    def finish(
        self, which: NDArray[np.bool_] | None = None, emits: NDArray[np.bool_] | None = None
    ) -> None:
        """Finish hypotheses after the last frame of their pieces.

        Parameters
        ----------
        which : ndarray of bool, shape [B], optional
            Which ones. Default: all.
        emits : ndarray of bool, shape [B], optional
            Which of them emit END; the others are cut. Default: all.
        """
        if which is None:
            which = np.ones(self.size, dtype=np.bool_)
        if emits is None:
            emits = which
        ending = np.flatnonzero(which & emits)
        self._emit_end(ending, self._length[self.piece[ending]])
        cut = np.flatnonzero(which & ~emits)
        lengths = self._length[self.piece[cut]]
        self._record(cut, self._node[cut], self.log_probability[cut], lengths, emitted=False)
        self.keep_only(np.flatnonzero(~which))

    def best(self, number: int, piece: int = 0) -> list[FinishedHypothesis]:
        """The finished hypotheses of a piece with the highest scores, best first.

        Parameters
        ----------
        number : int
            The most that are returned.
        piece : int
            Index of the piece.

        Raises
        ------
        DecodingError
            If there is none of any probability.
        """
        possible = [e for e in self.finished if np.isfinite(e.log_probability) and e.piece == piece]
        if not possible:
            raise self._no_continuation(int(self._length[piece]))
        return sorted(possible, key=lambda e: -e.score)[:number]

    def best_of_each_group(self, piece: int) -> list[FinishedHypothesis]:
        """The best finished hypothesis of each group of a piece, best first.

        Raises
        ------
        DecodingError
            As `best`.
        """
        ranked = self.best(len(self.finished), piece)
        first = {e.group: e for e in reversed(ranked)}
        return [e for e in ranked if first[e.group] is e]

    def music(self, hypothesis: FinishedHypothesis) -> Chorale:
        """The notes and fermatas of a finished hypothesis, without its meter and key."""
        ids = [START, *self._backpointers.path(hypothesis.node)]
        if not hypothesis.emitted:
            ids.append(END)
        return decode(np.array(ids), self.model.vocabulary)

    def split(self, copies: int, group: NDArray[np.int64] | None = None) -> None:
        """Replace each hypothesis by several copies.

        Parameters
        ----------
        copies : int
            Copies of each; they stand side by side.
        group : ndarray of int, shape [B copies], optional
            Their groups, in ascending order. Default: each copy is a group of its own.
        """
        self._select(np.repeat(np.arange(self.size), copies))
        self.group = np.arange(self.size) if group is None else group

    def keep_only(self, rows: NDArray[np.intp]) -> None:
        """Drop all hypotheses but these, which keep their order; the selector drops them too."""
        self.selector.select(rows)
        self._select(rows)

    def add_to_weight(self, nats: NDArray[np.float64]) -> None:
        """Add to the importance weight of each hypothesis, [B]."""
        self.weight = self.weight + nats

    def resample(self, rows: NDArray[np.intp], reset: NDArray[np.bool_]) -> None:
        """Replace hypotheses by copies of others.

        Parameters
        ----------
        rows : ndarray of int, shape [B]
            Which hypothesis takes each place.
        reset : ndarray of bool, shape [B]
            Places whose weight becomes 0; the others keep the weight they had.
        """
        weight = np.where(reset, 0.0, self.weight)
        if (rows != np.arange(self.size)).any():
            self._select(rows)
        self.weight = weight

    def _select(self, rows: NDArray[np.intp]) -> None:
        """Continue with these hypotheses only, in this order; one may be taken several times."""
        self.log_probability = self.log_probability[rows]
        self.penalty, self._added_noise = self.penalty[rows], self._added_noise[rows]
        self.weight = self.weight[rows]
        self.piece, self.group = self.piece[rows], self.group[rows]
        self.state, self._node = self.state.select(rows), self._node[rows]
        self.next_log_probability = self.next_log_probability[rows]
        self._seen = self._seen.select(rows)
        if self._history is not None:
            self._history = self._history.select(rows)
        self._model_state = self.model.select(self._model_state, rows)

    def _by_piece(
        self, which: NDArray[np.intp] | None = None
    ) -> list[tuple[int, NDArray[np.intp]]]:
        """The hypotheses of each piece, in order; of all hypotheses or of some."""
        rows = np.arange(self.size) if which is None else which
        if len(self.constraints) == 1:
            return [(0, rows)]
        piece = self.piece[rows]
        starts = np.flatnonzero(np.diff(piece, prepend=-1))
        return [
            (int(piece[a]), part)
            for a, part in zip(starts, np.split(rows, starts[1:]), strict=True)
        ]

    def _begin_frame(self, frame: int) -> None:
        """Choose FERMATA or none, and the soprano; or END."""
        here = [self.constraints[p] for p in np.unique(self.piece)]
        fermatas = {int(c.fermata[frame]) for c in here}
        if (
            len(fermatas) == 1
            and FERMATA_FREE not in fermatas
            and not any(c.may_end[frame] for c in here)
        ):
            fermata = fermatas.pop()
            self.state.fermata[:] = fermata == FERMATA_HERE
            if fermata == FERMATA_HERE:
                self._append_to_all(FERMATA)
            self._decode_voice(frame, Voice.SOPRANO)
            return
        self.state.fermata[:] = False
        legal = np.concatenate(
            [self._legal_openings(self.constraints[p], frame, r) for p, r in self._by_piece()]
        )
        chooses = [c.may_choose_opening(frame) for c in here]
        choice = self._choose(frame, Voice.SOPRANO, legal, chooses)
        ends = choice.tokens == END
        if ends.any():
            ending = choice.rows[ends]
            self._emit_end(ending, np.full(len(ending), frame))
            self.selector.select(np.flatnonzero(~ends))
        self._select(choice.rows[~ends])
        if self.size:
            self._complete_openings(frame, choice.only(~ends))

    def _legal_openings(
        self, constraints: Constraints, frame: int, rows: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """What may begin a frame of a piece: FERMATA, a soprano, END; [rows, V]."""
        state, fermata = self.state.select(rows), constraints.fermata[frame]
        if fermata == FERMATA_HERE:
            legal = np.zeros((len(rows), self.next_log_probability.shape[1]), dtype=np.bool_)
            legal[:, FERMATA] = True
        else:
            legal = constraints.legal(frame, Voice.SOPRANO, state)
        if fermata == FERMATA_FREE:
            with_one, without = constraints.fermata_options(frame, state.previous_fermata)
            legal[~without] = False
            legal[:, FERMATA] = with_one
        legal[:, END] = constraints.may_end[frame]
        return legal

    def _complete_openings(self, frame: int, choice: Choice) -> None:
        """Choose a soprano in the hypotheses that have set a fermata, and append it in all."""
        fermatas = choice.tokens == FERMATA
        if fermatas.any():
            legal = np.zeros_like(self.next_log_probability, dtype=np.bool_)
            legal[np.arange(self.size), choice.tokens] = True
            which = np.flatnonzero(fermatas)
            self.penalty[which] += choice.penalty[which]
            self._added_noise[which] += choice.noise[which]
            self._append_fermata(which)
            legal[which] = self._legal(frame, Voice.SOPRANO, which)
            pieces = {p for p, _ in self._by_piece(which)}
            chooses = [
                p in pieces and self.constraints[p].may_choose_after(frame)
                for p, _ in self._by_piece()
            ]
            choice = self._choose(frame, Voice.SOPRANO, legal, chooses, which)
            self._select(choice.rows)
        self._append(Voice.SOPRANO, choice)

    def _append_fermata(self, which: NDArray[np.intp]) -> None:
        """Append FERMATA to some hypotheses, which keep their places among the others."""
        log_probability, node = self.log_probability.copy(), self._node.copy()
        scored = self.next_log_probability.copy()
        log_probability[which] += scored[which, FERMATA]
        node[which] = self._backpointers.add(node[which], np.full(len(which), FERMATA))
        others = np.setdiff1d(np.arange(self.size), which)
        waiting = self.model.select(self._model_state, others)
        self._model_state = self.model.select(self._model_state, which)
        self._step(np.full(len(which), FERMATA))
        scored[which] = self.next_log_probability
        order = np.argsort(np.concatenate([others, which]))
        joined = self.model.join([waiting, self._model_state])
        self._model_state = self.model.select(joined, order)
        self.log_probability, self._node = log_probability, node
        self.next_log_probability = scored
        self.state.fermata[which] = True

    def _legal(
        self, frame: int, voice: int, which: NDArray[np.intp] | None = None
    ) -> NDArray[np.bool_]:
        if which is None and len(self.constraints) == 1:
            return self.constraints[0].legal(frame, voice, self.state)
        return np.concatenate(
            [
                self.constraints[p].legal(frame, voice, self.state.select(rows))
                for p, rows in self._by_piece(which)
            ]
        )

    def _decode_voice(self, frame: int, voice: int) -> None:
        """Choose the token of a voice in all hypotheses and append it."""
        pieces = self._by_piece()
        forced = [int(self.constraints[p].token[frame, voice]) for p, _ in pieces]
        if FREE not in forced:
            tokens = np.repeat(forced, [len(rows) for _, rows in pieces])
            if self.track_weights:
                self.weight += self.next_log_probability[np.arange(self.size), tokens]
            self._append_tokens(tokens, voice)
            return
        chooses = [token == FREE for token in forced]
        choice = self._choose(frame, voice, self._legal(frame, voice), chooses)
        rows = choice.rows
        if len(rows) != self.size or (rows != np.arange(len(rows))).any():
            self._select(rows)
        self._append(voice, choice)

    def _choose(
        self,
        frame: int,
        voice: int,
        legal: NDArray[np.bool_],
        chooses: Sequence[bool],
        which: NDArray[np.intp] | slice = slice(None),
    ) -> Choice:
        """Let the selector choose; only `which` of the pieces in `chooses` have a choice."""
        scores, cost = self.next_log_probability, None
        if self.penalties is not None:
            context = self._context(frame, voice)
            legal, cost = self.penalties.token_costs(context, scores, legal)
            scores = scores - cost
        noise = None if self.noise is None else self.noise.of(frame, voice, self.group)
        offered = scores if noise is None else scores + noise
        ranked = np.repeat(chooses, [len(rows) for _, rows in self._by_piece()])
        rows, tokens = self.selector.choose(self.score, offered, legal, self.group, ranked)
        if not len(rows):
            raise self._no_continuation(frame)
        if self.track_weights:
            mass = np.where(legal[which], scores[which], -np.inf)
            self.weight[which] += np.logaddexp.reduce(mass, axis=1)
        added = (np.zeros(len(rows)) if of is None else of[rows, tokens] for of in (cost, noise))
        return Choice(rows, tokens, *added)

    def _append(self, voice: int, choice: Choice) -> None:
        """Append a chosen token of a voice to each hypothesis."""
        self._append_tokens(choice.tokens, voice)
        self.penalty = self.penalty + choice.penalty
        self._added_noise = self._added_noise + choice.noise

    def _append_to_all(self, token: int) -> None:
        """Append the same token, of no voice, to all hypotheses."""
        if self.track_weights:
            self.weight += self.next_log_probability[:, token]
        self._append_tokens(np.full(self.size, token))

    def _append_tokens(self, tokens: NDArray[np.intp], voice: int | None = None) -> None:
        """Append a token to each hypothesis, in a voice or in none."""
        added = self.next_log_probability[np.arange(self.size), tokens]
        self.log_probability = self.log_probability + added
        self._node = self._backpointers.add(self._node, tokens)
        if voice is not None:
            self.state.pitch[:, voice] = self.model.vocabulary.pitch_of[tokens]
            self.state.onset[:, voice] = ~self.model.vocabulary.tied_of[tokens]
        self._step(tokens)

    def _step(self, tokens: NDArray[np.intp]) -> None:
        logits, self._model_state = self.model.step(tokens, self._model_state)
        # The softmax is over illegal tokens too: see `TokenSelector.choose`.
        self.next_log_probability = log_probabilities(self.model, logits)

    def _note_chords(self, frame: int) -> None:
        """Add the chords of a frame on the beat, which is complete, to those seen."""
        for p, rows in self._by_piece():
            if self.constraints[p].position[frame] % FRAMES_PER_QUARTER == 0:
                self._seen.add(rows, self.state.previous_pitch[rows])

    def _emit_end(self, rows: NDArray[np.intp], frames: NDArray[np.intp]) -> None:
        """Record hypotheses that emit END after so many frames."""
        nodes = self._backpointers.add(self._node[rows], np.full(len(rows), END))
        totals = self.log_probability[rows] + self.next_log_probability[rows, END]
        self._record(rows, nodes, totals, frames, emitted=True)

    def _record(
        self,
        rows: NDArray[np.intp],
        nodes: NDArray[np.int64],
        totals: NDArray[np.float64],
        frames: NDArray[np.intp],
        *,
        emitted: bool,
    ) -> None:
        self.finished += [
            FinishedHypothesis(
                log_probability=float(total),
                penalty=float(self.penalty[row]),
                node=int(node),
                frames=int(length),
                emitted=emitted,
                piece=int(self.piece[row]),
                group=int(self.group[row]),
            )
            for row, total, node, length in zip(rows, totals, nodes, frames, strict=True)
        ]

    def _no_continuation(self, frame: int) -> DecodingError:
        return DecodingError(
            f"the model gives no probability to any music from frame {frame} on that keeps what is "
            "given: give less, or use another checkpoint"
        )

    def _context(self, frame: int, voice: int) -> SearchContext:
        return SearchContext(
            self.constraints, self.piece, frame, voice, self.state, self._seen, self._history
        )
