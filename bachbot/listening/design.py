"""The fixed effects of the mixed model as columns of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.listening.answer import EXPERIENCES, KINDS
from bachbot.listening.answers import Answers

Term = Literal["kind", "experience", "order"]

_LEVELS: dict[Term, tuple[str, ...]] = {"kind": KINDS, "experience": EXPERIENCES}

INTERCEPT = "intercept"
A_TRIAL = "each trial of the session"


@dataclass(frozen=True, eq=False)
class Design:
    """N answers by K fixed effects, the first the intercept.

    Parameters
    ----------
    matrix : ndarray of float64, shape [N, K]
        Levels as 0 and 1; the position in the session about its mean, in its own deviations.
    names : tuple of str
        Of each column.
    scales : tuple of float
        What an effect is to be multiplied by to be in the unit that its name says.
    levels : dict of Term to tuple of str
        Those that have answers, of each term with levels.
    against : dict of str to str
        The level of each such term that has no column: the one with most answers.
    notes : tuple of str
        Terms that were left out.
    """

    matrix: NDArray[np.float64]
    names: tuple[str, ...]
    scales: tuple[float, ...]
    levels: dict[Term, tuple[str, ...]]
    against: dict[str, str]
    notes: tuple[str, ...]


def design(answers: Answers, terms: Sequence[Term]) -> Design:
    """Columns of the terms asked for.

    Parameters
    ----------
    answers : Answers
        One or more.
    terms : sequence of {"kind", "experience", "order"}
        Each once at most.

    Raises
    ------
    UsageError
        If a term is not known, or there twice.
    """
    known = ("kind", "experience", "order")
    if set(terms) - set(known) or len(set(terms)) < len(terms):
        raise UsageError(f"the terms are {', '.join(terms)}: give some of {', '.join(known)}")
    columns = [np.ones(len(answers))]
    names, scales, notes = [INTERCEPT], [1.0], []
    levels: dict[Term, tuple[str, ...]] = {}
    against: dict[str, str] = {}
    for term in terms:
        values = getattr(answers, term)
        found, counts = np.unique(values, return_counts=True)
        if len(found) < 2:
            notes.append(f"{_LABELS[term]} is the same in all answers: it is left out")
        elif term == "order":
            spread = float(values.std())
            columns.append((values - values.mean()) / spread)
            names.append(A_TRIAL)
            scales.append(1 / spread)
        else:
            levels[term] = tuple(level for level in _LEVELS[term] if level in found)
            against[_LABELS[term]] = str(found[counts.argmax()])
            for level in levels[term]:
                if level != against[_LABELS[term]]:
                    columns.append((values == level).astype(float))
                    names.append(f"{_LABELS[term]} {level}")
                    scales.append(1.0)
    matrix = np.stack(columns, axis=1)  # [N, K]
    return Design(matrix, tuple(names), tuple(scales), levels, against, tuple(notes))


_LABELS: dict[Term, str] = {
    "kind": "type",
    "experience": "experience",
    "order": "the position in the session",
}
