"""The faults of an explanation, marked on the page."""

from collections.abc import Iterable, Mapping

from bachbot.scores import Score
from bachbot.scores.musicxml.fault_marks import Mark, add_marks
from bachbot.theory.explanation import Fault
from bachbot.theory.rules import LESSONS, Severity
from bachbot.theory.rules.rule_set import SEVERITIES

COLORS: Mapping[Severity, str] = {"error": "#C00000", "warning": "#C06000", "remark": "#2060B0"}
"""Red, orange and blue."""


def mark_faults(score: Score, faults: Iterable[Fault]) -> Score:
    """Color the notes of faults, red for errors, orange for warnings and blue for remarks.

    Parameters
    ----------
    score : Score
        The score that was explained.
    faults : iterable of Fault
        Its faults.

    Returns
    -------
    Score
        With colored notes and a short label, such as ``5ths``, at the place.
    """
    order = sorted(faults, key=lambda fault: (SEVERITIES.index(fault.severity), fault.frame))
    return add_marks(
        score,
        [
            Mark(
                fault.frame,
                tuple(zip(fault.voices, fault.now, strict=True)),
                fault.before,
                LESSONS[fault.rule].label if fault.rule in LESSONS else fault.rule,
                COLORS[fault.severity],
            )
            for fault in order
        ],
    )
