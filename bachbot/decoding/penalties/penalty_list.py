"""A list of penalties, as a search applies it.

Shapes: B hypotheses, V tokens of the vocabulary.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER
from bachbot.decoding.context import SearchContext
from bachbot.decoding.penalties.base import Penalty
from bachbot.decoding.penalties.endings import (
    FermataChordPenalty,
    FinalCadencePenalty,
    FinalChordPenalty,
    HeldFermataPenalty,
    near_final_chord,
)
from bachbot.decoding.penalties.part_writing import RulePenalty, given_note_costs, rule_costs
from bachbot.decoding.penalties.style import (
    AboveSopranoPenalty,
    ChordWithinBeatPenalty,
    ClashPenalty,
    LeapBonus,
    LowBassPenalty,
    NewChordBonus,
    OnsetBonus,
    OpeningChordPenalty,
    RepeatedNotePenalty,
    SeventhAstrayPenalty,
    ToAndFroPenalty,
)
from bachbot.encoding import REST_TOKEN
from bachbot.errors import UsageError
from bachbot.theory.rules import RULES

_HOPELESS = 10.0
"""Nats below the most likely legal token beyond which a token is dropped and not looked at.

Twice as many where a piece has to close, since a network that copies an earlier phrase is sure of
that, and with a strict penalty, which has to find a token that it allows.
"""

_STRICT = 20.0
"""Nats from which a penalty is strict."""

_ALL: tuple[Penalty, ...] = (
    *(RulePenalty(0.0, name) for name in RULES),
    *(OnsetBonus(0.0, position) for position in range(FRAMES_PER_QUARTER)),
    RepeatedNotePenalty(0.0),
    LeapBonus(0.0),
    NewChordBonus(0.0),
    AboveSopranoPenalty(0.0),
    ChordWithinBeatPenalty(0.0),
    OpeningChordPenalty(0.0),
    FermataChordPenalty(0.0),
    FinalChordPenalty(0.0),
    FinalCadencePenalty(0.0),
    HeldFermataPenalty(0.0),
    ToAndFroPenalty(0.0),
    SeventhAstrayPenalty(0.0),
    LowBassPenalty(0.0),
    ClashPenalty(0.0),
)
_BY_NAME: Mapping[str, Penalty] = {penalty.name: penalty for penalty in _ALL}

PENALTY_NAMES: tuple[str, ...] = tuple(_BY_NAME)
"""The name of every penalty and bonus."""


@dataclass(frozen=True)
class Penalties:
    """A list of penalties and bonuses.

    Parameters
    ----------
    items : tuple of Penalty
        In any order, each name once. Default: none.

    Raises
    ------
    UsageError
        If a name stands twice.
    """

    items: tuple[Penalty, ...] = ()

    def __post_init__(self) -> None:
        names = [penalty.name for penalty in self.items]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UsageError(f"penalties are listed twice: {', '.join(twice)}; list each once")

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> "Penalties":
        """A list from weights in nats by name.

        Raises
        ------
        UsageError
            If a name is not among `PENALTY_NAMES`.
        """
        return cls().with_weights(weights)

    @cached_property
    def active(self) -> tuple[Penalty, ...]:
        """Those whose weight is not 0."""
        return tuple(penalty for penalty in self.items if penalty.weight)

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each in nats, by name."""
        return {penalty.name: penalty.weight for penalty in self.items}

    def with_weights(self, weights: Mapping[str, float]) -> "Penalties":
        """The same list with some weights changed; what it lacks is added at its end.

        Raises
        ------
        UsageError
            If a name is not among `PENALTY_NAMES`.
        """
        unknown = [name for name in weights if name not in _BY_NAME]
        if unknown:
            raise UsageError(
                f"there is no penalty '{unknown[0]}': penalties are {', '.join(PENALTY_NAMES)}"
            )
        known = {penalty.name: penalty for penalty in self.items}
        for name, weight in weights.items():
            known[name] = replace(known.get(name, _BY_NAME[name]), weight=weight)
        return Penalties(tuple(known.values()))

    def without(self, names: Iterable[str]) -> "Penalties":
        """The same list without some of its penalties."""
        dropped = set(names)
        return Penalties(tuple(p for p in self.items if p.name not in dropped))

    def to_json(self) -> list[dict[str, object]]:
        """Name, weight and source of each, as plain data."""
        return [{"name": p.name, "weight": p.weight, "source": p.source} for p in self.items]

    @cached_property
    def use_seen_chords(self) -> bool:
        """Whether the chords of each hypothesis have to be remembered."""
        return any(isinstance(penalty, NewChordBonus) for penalty in self.active)

    @cached_property
    def use_history(self) -> bool:
        """Whether the past of each hypothesis has to be remembered."""
        return any(penalty.uses_history for penalty in self.active)

    @cached_property
    def _rules(self) -> tuple[RulePenalty, ...]:
        return tuple(p for p in self.active if isinstance(p, RulePenalty))

    @cached_property
    def _others(self) -> tuple[Penalty, ...]:
        return tuple(p for p in self.active if not isinstance(p, RulePenalty))

    @cached_property
    def _strict(self) -> bool:
        return any(p.weight >= _STRICT for p in self.active)

    def token_costs(
        self,
        context: SearchContext,
        log_probability: NDArray[np.float64],
        legal: NDArray[np.bool_],
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """The cost of each token of a cell.

        Parameters
        ----------
        context : SearchContext
            The cell.
        log_probability : ndarray of float64, shape [B, V]
            Log-probabilities of the tokens in nats.
        legal : ndarray of bool, shape [B, V]
            Tokens that may come next.

        Returns
        -------
        legal : ndarray of bool, shape [B, V]
            The same without tokens that are hopelessly unlikely.
        cost : ndarray of float64, shape [B, V]
            In nats; 0 for tokens that were not looked at and in given cells.
        """
        cost = np.zeros(log_probability.shape)
        likely = np.where(legal, log_probability, -np.inf)
        wide = near_final_chord(context) | self._strict
        margin = np.where(wide, 2 * _HOPELESS, _HOPELESS)[context.piece]
        legal = legal & (likely >= (likely.max(axis=1) - margin)[:, None])
        free = context.free[context.piece, context.voice]  # [B]
        rows, tokens = np.nonzero(legal[:, REST_TOKEN:] & free[:, np.newaxis])
        tokens = tokens + REST_TOKEN
        if len(rows):
            # Rules share most of their computation: together they take as long as one.
            costs = rule_costs(self._rules, context, rows, tokens)
            for penalty in self._others:
                costs = costs + penalty.cost(context, rows, tokens)
            cost[rows, tokens] = costs
        return legal, cost

    def given_note_costs(self, context: SearchContext) -> NDArray[np.float64]:
        """The given-note penalty: faults of given notes with the chosen notes before them, [B].

        Parameters
        ----------
        context : SearchContext
            A frame whose voices have all been chosen; its `voice` does not matter.
        """
        return given_note_costs(self._rules, context)
