"""Side bias: whether one side is chosen for being that side.

With the sides drawn at random a leaning to one side costs little in the proportion of right
answers. It costs all where the answers of one side alone are counted: they tell the leaning and
the skill as one figure.
"""

from dataclasses import dataclass
from math import exp, pi, sqrt

from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.answers import Answers
from bachbot.listening.proportions import Proportion, share

_Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


@dataclass(frozen=True)
class SideBias:
    """How answers lie between the sides.

    Parameters
    ----------
    bach_left : Proportion
        Of trials that had Bach's clip on the left: tells whether the sides were drawn evenly.
    left : Proportion
        Of answers "left".
    correct_where_left, correct_where_right : Proportion
        Of correct answers where Bach's clip was on the left, and on the right.
    sensitivity : float
        d', how far apart the two clips are heard, in standard deviations; 0 is guessing.
    sensitivity_interval : Interval
        Of 95%.
    criterion : float
        Below 0 leans to the left, above 0 to the right, in standard deviations.
    criterion_interval : Interval
        Of 95%.
    """

    bach_left: Proportion
    left: Proportion
    correct_where_left: Proportion
    correct_where_right: Proportion
    sensitivity: float
    sensitivity_interval: Interval
    criterion: float
    criterion_interval: Interval

    @property
    def balanced(self) -> float:
        """Mean of the correct answers' proportions on both sides; NaN where one has no answers."""
        return (self.correct_where_left.value + self.correct_where_right.value) / 2

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        both = self.correct_where_left.answers and self.correct_where_right.answers
        return {
            "bach_left": self.bach_left.to_json(),
            "left": self.left.to_json(),
            "correct_where_bach_left": self.correct_where_left.to_json(),
            "correct_where_bach_right": self.correct_where_right.to_json(),
            "balanced": self.balanced if both else None,
            "d_prime": self.sensitivity,
            "d_prime_interval": self.sensitivity_interval.to_json(),
            "criterion": self.criterion,
            "criterion_interval": self.criterion_interval.to_json(),
        }


def side_bias(answers: Answers) -> SideBias:
    """Side bias of some answers.

    d' and criterion are those of a choice between two (Macmillan and Creelman, *Detection Theory*,
    2nd edition, chapter 7): with the z-scores of "left" given Bach on the left and given Bach on
    the right, d' is their difference over the root of two and the criterion minus half their sum.
    Counts have one half added, and their totals one, so that none is 0 or all (Hautus, 1995). The
    intervals are from the binomial variances of the two (Gourevitch and Galanter, 1967).

    Parameters
    ----------
    answers : Answers
        One or more.
    """
    on_left, on_right = answers.where(answers.bach_left), answers.where(~answers.bach_left)
    z_left, var_left = _scored(int(on_left.chose_left.sum()), len(on_left))
    z_right, var_right = _scored(int(on_right.chose_left.sum()), len(on_right))
    sensitivity = (z_left - z_right) / sqrt(2)
    criterion = -(z_left + z_right) / 2
    spread = var_left + var_right
    return SideBias(
        bach_left=share(answers, answers.bach_left),
        left=share(answers, answers.chose_left),
        correct_where_left=share(on_left, on_left.correct),
        correct_where_right=share(on_right, on_right.correct),
        sensitivity=sensitivity,
        sensitivity_interval=_around(sensitivity, sqrt(spread / 2)),
        criterion=criterion,
        criterion_interval=_around(criterion, sqrt(spread) / 2),
    )


def _scored(hits: int, answers: int) -> tuple[float, float]:
    """The z-score of a proportion, and its variance."""
    from scipy.special import ndtri

    rate = (hits + 0.5) / (answers + 1)
    z = float(ndtri(rate))
    density = exp(-z * z / 2) / sqrt(2 * pi)
    return z, rate * (1 - rate) / ((answers + 1) * density**2)


def _around(value: float, deviation: float) -> Interval:
    return Interval(value - _Z * deviation, value + _Z * deviation)
