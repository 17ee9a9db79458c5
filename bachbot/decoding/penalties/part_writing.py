"""Penalties for the rules of part-writing.

The rules are those of `bachbot.theory.rules`. The sum of the penalties of a piece is the number of
faults that they count in it times the weight of each rule, without the faults among given notes.

Shapes: B hypotheses, N candidate tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Key, Voice
from bachbot.decoding.constraints import Constraints
from bachbot.decoding.context import SearchContext
from bachbot.decoding.penalties.base import Penalty
from bachbot.errors import UsageError
from bachbot.theory.rules import RULES, Moves, Rule, sum_fault_costs

PARALLELS = ("parallel fifths", "parallel octaves", "hidden fifths", "hidden octaves")
"""The penalties of parallels: parallel and hidden fifths and octaves."""

_RANGE_RULE = RULES["out of range"].name
"""The only rule that depends on the key in which a piece is sung."""


@dataclass(frozen=True)
class RulePenalty(Penalty):
    """A penalty for each fault against a rule of part-writing.

    Parameters
    ----------
    weight : float
        Nats for each fault.
    rule_name : str
        Name of the rule in `bachbot.theory.rules.RULES`.

    Raises
    ------
    UsageError
        If there is no such rule.
    """

    rule_name: str

    source: ClassVar[str] = "textbook rule, as counted by bachbot.theory.rules"

    def __post_init__(self) -> None:
        if self.rule_name not in RULES:
            raise UsageError(f"there is no rule '{self.rule_name}': rules are {', '.join(RULES)}")

    @property
    def name(self) -> str:
        """The name of the rule."""
        return self.rule_name

    @property
    def rule(self) -> Rule:
        """The rule itself."""
        return RULES[self.rule_name]

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The cost of the faults that each candidate token adds, [N]."""
        return rule_costs([self], context, rows, tokens)


def rule_costs(
    penalties: Sequence[RulePenalty],
    context: SearchContext,
    rows: NDArray[np.intp],
    tokens: NDArray[np.intp],
) -> NDArray[np.float64]:
    """The cost of several rules together, which share most of their computation.

    The cost of a token is what the faults of its frame cost with it, less what they cost without
    it. Before the soprano is chosen, the latter depends on whether the soprano will be tied: that
    decides whether a phrase has ended.

    Parameters
    ----------
    penalties : sequence of RulePenalty
        The rules.
    context, rows, tokens
        As in `Penalty.cost`.

    Returns
    -------
    ndarray of float64, shape [N]
        In nats.
    """
    if not penalties:
        return np.zeros(len(rows))
    notes, known = context.candidates(rows, tokens), context.known_pitch
    batch, onset = np.arange(len(known)), context.state.soprano_onset
    if context.voice == Voice.SOPRANO:
        batch, onset = np.repeat(batch, 2), np.tile([False, True], len(known))
    cost = _fault_costs(
        penalties,
        context,
        np.concatenate([rows, batch]),
        np.concatenate([notes.pitch, known[batch]]),
        np.concatenate([notes.soprano_onset, onset]),
        np.concatenate([notes.completes, np.zeros(len(batch), dtype=np.bool_)]),
    )
    without = np.broadcast_to(cost[len(rows) :].reshape(len(known), -1), (len(known), 2))
    added: NDArray[np.float64] = (
        cost[: len(rows)] - without[rows, notes.soprano_onset.astype(np.intp)]
    )
    return added


def given_note_costs(
    penalties: Sequence[RulePenalty], context: SearchContext
) -> NDArray[np.float64]:
    """The cost of given notes that make faults with the chosen notes before them, [B].

    Parameters
    ----------
    penalties : sequence of RulePenalty
        The rules.
    context : SearchContext
        A frame whose voices have all been chosen; its `voice` does not matter.
    """
    cost = np.zeros(len(context.piece))
    if context.frame == 0 or not penalties:
        return cost
    state = context.state
    for p in np.unique(context.piece):
        given, chosen = np.logical_not(context.free[p]), context.free_before[p]  # [4] each
        if not (given & chosen).any():
            continue
        rows = np.flatnonzero(context.piece == p)
        now = np.where(given, state.pitch[rows], REST).astype(np.int16)
        released = context.phrase_ended(rows, state.soprano_onset[rows])
        constraints = context.constraints[p]
        moves = Moves(
            state.previous_pitch[rows], now, constraints.key, released, constraints.transposed_by
        )
        for penalty in penalties:
            rule = penalty.rule
            # A fault of one frame is among given notes only; a chord needs all its notes.
            if rule.state or (rule.needs_all_voices and not given.all()):
                continue
            partly = [rule.needs_all_voices or chosen[list(v)].any() for v in rule.voices]
            cost[rows] += penalty.weight * (rule.count(moves) & partly).sum(axis=1)
    return cost


def _fault_costs(
    penalties: Sequence[RulePenalty],
    context: SearchContext,
    rows: NDArray[np.intp],
    now: NDArray[np.int16],
    soprano_onset: NDArray[np.bool_],
    whole: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """The cost of all faults in a step to pitches `now`, [N].

    `whole` says where all voices are known.
    """
    cost = np.zeros(len(rows))
    before = context.state.previous_pitch[rows]
    moving = ((now != before) & (now != REST) & (before != REST)).sum(axis=1)
    may_break = moving >= _fewest_moving(penalties)[whole.astype(np.intp)]
    if not may_break.any():
        return cost
    weights = {penalty.name: penalty.weight for penalty in penalties}
    released = context.phrase_ended(rows, soprano_onset)
    settings = [_rule_setting(c, weights) for c in context.constraints]
    index = {setting: at for at, setting in enumerate(dict.fromkeys(settings))}
    for at, (key, transposed_by) in enumerate(index):
        judged = may_break
        if len(index) > 1:
            own = np.array([index[setting] == at for setting in settings])
            judged = may_break & own[context.piece[rows]]
        for group in (judged & whole, judged & ~whole):
            here = np.flatnonzero(group)
            if len(here):
                moves = Moves(before[here], now[here], key, released[here], transposed_by)
                cost[here] = sum_fault_costs(moves, weights, all_voices=bool(whole[here[0]]))
    return cost


def _fewest_moving(penalties: Sequence[RulePenalty]) -> NDArray[np.int64]:
    """How many voices have to move for any of the rules to be broken, [2].

    First of the rules that apply while voices are missing, then of all rules.
    """
    rules = [penalty.rule for penalty in penalties]
    partial = min((rule.movers for rule in rules if not rule.needs_all_voices), default=5)
    return np.array([partial, min((rule.movers for rule in rules), default=5)])


def _rule_setting(constraints: Constraints, weights: dict[str, float]) -> tuple[Key, int]:
    """What the rules need to know of a piece: its key, and its transposition if ranges count.

    Pieces in which both are the same are computed together.
    """
    return constraints.key, constraints.transposed_by if _RANGE_RULE in weights else 0
