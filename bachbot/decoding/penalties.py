"""What part-writing costs inside a search: a soft charge, in nats, for every fault.

A model's own joint score sees the rules of part-writing only dimly. Each rule that it breaks more
often than Bach costs so many nats a fault, and the search weighs that against what the model
expects; nothing but the compass is forbidden. The rules are those of `bachbot.theory.rules`, and
what is charged for a piece is what they count in it, but for faults in which no chosen note has a
part.

Shapes: B streams, V vocabulary, N choices.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Key, Mode, Voice
from bachbot.decoding.constraints import Constraints
from bachbot.decoding.hypotheses import SearchContext
from bachbot.encoding import REST_TOKEN
from bachbot.errors import UsageError
from bachbot.theory.harmony import chords_of
from bachbot.theory.rules import RULES, Moves, charge

CLOSING: Mapping[Mode, tuple[int, ...]] = MappingProxyType(
    {"major": (0, 4, 7), "minor": (0, 3, 4, 7)}
)
"""Semitones above the tonic of what a last chord is made of; minor may close on a major third."""

_STEP = 2  # semitones

_HOPELESS = 10.0
"""Nats below the likeliest legal token beyond which a token is not looked at."""


@dataclass(frozen=True)
class Penalties:
    """What is charged.

    Parameters
    ----------
    rules : mapping of str to float
        Nats a fault, by the names of `bachbot.theory.rules.RULES`.
    strikes : mapping of int to float
        Nats that a voice which is not given earns by striking a note, by the place of the frame
        in its beat, 0 to 3.
    still : float
        Nats charged to a voice that is not given for striking the pitch that it has sounded just
        before.
    leaps : float
        Nats earned by such a voice for going on by a third or more, up or down.
    fresh : float
        Nats earned by a chord that sounds on a beat for the first time in the piece.
    astray : float
        Nats charged to each voice that is not given for beginning a last chord, where the tonic's
        is expected, on a note that is none of it; the bass has to have its root.
    unsettled : float
        Nats charged for a chord in inversion where a fermata begins: phrases rest on roots.

    Raises
    ------
    UsageError
        If a weight names no rule, or a place no sixteenth of a beat.

    Notes
    -----
    The likeliest music on a grid of sixteenths holds its notes for longer than Bach does, repeats
    them or steps where he would move or leap, and goes back to the same few chords: without
    `strikes`, `still`, `leaps` and `fresh` a search comes out too plain.
    """

    rules: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    strikes: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    still: float = 0.0
    leaps: float = 0.0
    fresh: float = 0.0
    astray: float = 0.0
    unsettled: float = 0.0

    def __post_init__(self) -> None:
        faults = [
            f"there is no rule '{name}': rules are {', '.join(RULES)}"
            for name in self.rules
            if name not in RULES
        ]
        faults += [
            f"a beat has no place {place}: give 0 to {FRAMES_PER_QUARTER - 1}"
            for place in self.strikes
            if place not in range(FRAMES_PER_QUARTER)
        ]
        if faults:
            raise UsageError("; ".join(faults))

    @property
    def any(self) -> bool:
        """Whether anything is charged at all."""
        alone = [self.still, self.leaps, self.fresh, self.astray, self.unsettled]
        return any([*alone, *self.rules.values(), *self.strikes.values()])

    @cached_property
    def _movers(self) -> NDArray[np.int64]:
        """How many voices have to move for any of the rules that are charged to be broken, [2].

        First of those that count while voices are missing, then of all.
        """
        charged = [RULES[name] for name, weight in self.rules.items() if weight]
        partial = min((rule.movers for rule in charged if not rule.whole), default=5)
        return np.array([partial, min((rule.movers for rule in charged), default=5)])

    def of(
        self, choice: SearchContext, scores: NDArray[np.float64], legal: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """What each token of a cell is charged.

        Parameters
        ----------
        choice : Choice
            The cell.
        scores : ndarray of float64, shape [B, V]
            Log-probabilities in nats.
        legal : ndarray of bool, shape [B, V]
            What may come next.

        Returns
        -------
        legal : ndarray of bool, shape [B, V]
            The same without what is hopelessly unlikely.
        cost : ndarray of float64, shape [B, V]
            In nats; 0 where it was not looked at, and for what is given.
        """
        cost = np.zeros(scores.shape)
        likely = np.where(legal, scores, -np.inf)
        legal = legal & (likely >= likely.max(axis=1, keepdims=True) - _HOPELESS)
        free = choice.free[choice.piece, choice.voice]  # [B]
        rows, tokens = np.nonzero(legal[:, REST_TOKEN:] & free[:, np.newaxis])
        tokens = tokens + REST_TOKEN
        if len(rows):
            cost[rows, tokens] = self._cost(choice, rows, tokens)
        return legal, cost

    def seam(self, choice: SearchContext) -> NDArray[np.float64]:
        """What given notes are charged for the chosen notes that they follow, [B].

        Parameters
        ----------
        choice : Choice
            A frame whose voices have all been chosen; which of them is named is of no account.
        """
        cost = np.zeros(len(choice.piece))
        if choice.frame == 0 or not any(self.rules.values()):
            return cost
        for p in np.unique(choice.piece):
            given, chosen = np.logical_not(choice.free[p]), choice.free_before[p]  # [4] each
            if not (given & chosen).any():
                continue
            rows = np.flatnonzero(choice.piece == p)
            now = np.where(given, choice.memory[rows, 1, :4], REST).astype(np.int16)
            released = choice.released(rows, choice.struck[rows])
            plan = choice.plans[p]
            moves = Moves(choice.memory[rows, 0, :4], now, plan.key, released, plan.transposed_by)
            for name, weight in self.rules.items():
                rule = RULES[name]
                # A state lies in the given notes alone; a chord is known with all its notes.
                if not weight or rule.state or (rule.whole and not given.all()):
                    continue
                partly = [rule.whole or chosen[list(v)].any() for v in rule.voices]
                cost[rows] += weight * (rule.count(moves) & partly).sum(axis=1)
        return cost

    def _cost(
        self, choice: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """What each choice costs beyond what stands without it, [N]."""
        voice, vocabulary = choice.voice, choice.plans[0].vocabulary
        free = choice.free[choice.piece]  # [B, 4]
        known = choice.known()  # [B, 4]
        now = known[rows]
        now[:, voice] = vocabulary.pitch_of[tokens]
        anew = ~vocabulary.tied_of[tokens]
        struck = anew if voice == Voice.SOPRANO else choice.struck[rows]
        last = np.logical_not(free[:, voice + 1 :].any(axis=1))  # [B]
        cost = self._added(choice, rows, known, now, struck, last)
        beat = choice.beat[choice.piece[rows]]
        if self.strikes:
            earned = np.array([self.strikes.get(b, 0.0) for b in range(FRAMES_PER_QUARTER)])
            cost -= np.where(anew & (now[:, voice] != REST), earned[beat], 0)
        if self.still or self.leaps:
            cost += self._moves(now[:, voice], choice.memory[rows, 0, voice], anew)
        if self.fresh:
            sounds = (now != REST).any(axis=1)
            on_beat = np.flatnonzero(last[rows] & sounds & (beat == 0))
            new = ~choice.heard.has(rows[on_beat], now[on_beat])
            cost[on_beat] -= np.where(new, self.fresh, 0)
        if self.unsettled:
            rests = np.flatnonzero(last[rows] & choice.pauses(rows, struck))
            if len(rests):
                inverted = chords_of(now[rests]).inversion > 0
                cost[rests] += np.where(inverted, self.unsettled, 0)
        if self.astray and any(choice.frame in plan.close[:1] for plan in choice.plans):
            cost += self.astray * self._astray(choice, rows, now[:, voice])
        return cost

    def _moves(
        self, pitch: NDArray[np.int16], before: NDArray[np.int16], anew: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """What a voice is charged for how it goes on to the notes that it strikes, [N]."""
        distance = np.abs(pitch - before)
        follows = anew & (pitch != REST) & (before != REST)
        cost = np.where(follows & (distance == 0), self.still, 0.0)
        return cost - np.where(follows & (distance > _STEP), self.leaps, 0.0)

    def _added(
        self,
        choice: SearchContext,
        rows: NDArray[np.intp],
        known: NDArray[np.int16],
        now: NDArray[np.int16],
        struck: NDArray[np.bool_],
        last: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """What the faults of each choice cost beyond those of the voices known before, [N].

        Before the soprano is chosen, what those cost goes by whether it will be tied: that decides
        whether a phrase has ended.
        """
        streams, ties = np.arange(len(known)), choice.struck
        if choice.voice == Voice.SOPRANO:
            streams, ties = np.repeat(streams, 2), np.tile([False, True], len(known))
        cost = self._faults(
            choice,
            np.concatenate([rows, streams]),
            np.concatenate([now, known[streams]]),
            np.concatenate([struck, ties]),
            np.concatenate([last[rows], np.zeros(len(streams), dtype=np.bool_)]),
        )
        alone = np.broadcast_to(cost[len(rows) :].reshape(len(known), -1), (len(known), 2))
        added: NDArray[np.float64] = cost[: len(rows)] - alone[rows, struck.astype(np.intp)]
        return added

    def _astray(
        self, choice: SearchContext, rows: NDArray[np.intp], pitch: NDArray[np.int16]
    ) -> NDArray[np.bool_]:
        """Whether a voice begins a last chord on a note that is none of the tonic's, [N]."""
        astray = np.zeros(len(rows), dtype=np.bool_)
        for p in np.unique(choice.piece[rows]):
            plan = choice.plans[p]
            if not plan.close or plan.close[0] != choice.frame:
                continue
            here = choice.piece[rows] == p
            above = (pitch[here] - plan.key.pitch_class) % 12
            wanted = (0,) if choice.voice == Voice.BASS else CLOSING[plan.key.mode]
            astray[here] = ~np.isin(above, wanted) & (pitch[here] != REST)
        return astray

    def _faults(
        self,
        choice: SearchContext,
        rows: NDArray[np.intp],
        now: NDArray[np.int16],
        struck: NDArray[np.bool_],
        whole: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """What the faults of each step cost, [N]; `whole` says where all voices are known."""
        cost = np.zeros(len(rows))
        before = choice.memory[rows, 0, :4]
        goes = ((now != before) & (now != REST) & (before != REST)).sum(axis=1)
        may_break = goes >= self._movers[whole.astype(np.intp)]
        if not may_break.any():
            return cost
        released = choice.released(rows, struck)
        kinds = [self._judged_by(plan) for plan in choice.plans]
        place = {kind: at for at, kind in enumerate(dict.fromkeys(kinds))}
        for at, (key, transposed_by) in enumerate(place):
            judged = may_break
            if len(place) > 1:
                judged = may_break & np.array([place[k] == at for k in kinds])[choice.piece[rows]]
            for group in (judged & whole, judged & ~whole):
                here = np.flatnonzero(group)
                if len(here):
                    moves = Moves(before[here], now[here], key, released[here], transposed_by)
                    cost[here] = charge(moves, self.rules, whole=bool(whole[here[0]]))
        return cost

    def _judged_by(self, plan: Constraints) -> tuple[Key, int]:
        """What the rules ask of a piece: its key, and where it is sung if its compass is charged.

        Pieces in which both are the same are judged together.
        """
        return plan.key, plan.transposed_by if self.rules.get("out of compass") else 0


DEFAULT_PENALTIES = Penalties(
    rules={
        "parallel fifths": 2.5,
        "parallel octaves": 2.5,
        "hidden fifths": 0.9,
        "hidden octaves": 0.9,
        "seventh unresolved": 0.25,
    },
    strikes={2: 0.65},
    still=0.25,
    leaps=0.2,
    fresh=0.7,
    astray=5.0,
    unsettled=1.2,
)
"""What a search is charged unless another is given.

Of the weights under which what is harmonized on the validation part of the tune split has onsets
and different chords within a tenth of Bach's rates, repeated notes within an eighth, and fewer
parallels, those that are likest to him. How they were found is in
``checkpoints/EXPERIMENTS.md``; ``evaluate fit`` goes on from them.
"""

SAMPLING_PENALTIES = Penalties(rules=DEFAULT_PENALTIES.rules)
"""The same for draws, which need no help to move."""
