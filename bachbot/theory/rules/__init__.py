"""Part-writing rules: small pure functions of two consecutive frames, over N such steps at once.

The same rules check finished pieces and give the search its penalties: `RULES` holds them by name,
`Moves` is what they look at, and `sum_fault_costs` sums the cost of what they find.
"""

from bachbot.theory.rules.rule import PAIRS, Moves, Rule, Unit, released
from bachbot.theory.rules.table import RULES, SUMS, sum_fault_costs

__all__ = ["PAIRS", "RULES", "SUMS", "Moves", "Rule", "Unit", "released", "sum_fault_costs"]
