"""Part-writing rules: small pure functions of two consecutive frames, over N such steps at once.

The same rules check finished pieces and give the search its penalties: `RULES` holds them by name,
`Moves` is what they look at, and `sum_fault_costs` sums the cost of what they find. `LESSONS` has
these and a few more that only explain and repair know, with what is told of each, and `RuleSet`
says which of them a piece is judged by.
"""

from bachbot.theory.rules.lessons import LESSONS, Lesson, counted
from bachbot.theory.rules.rule import PAIRS, Moves, Rule, Unit, released
from bachbot.theory.rules.rule_set import RuleException, RuleSet, Severity
from bachbot.theory.rules.table import RULES, SUMS, sum_fault_costs

__all__ = [
    "LESSONS",
    "PAIRS",
    "RULES",
    "SUMS",
    "Lesson",
    "Moves",
    "Rule",
    "RuleException",
    "RuleSet",
    "Severity",
    "Unit",
    "counted",
    "released",
    "sum_fault_costs",
]
