"""Part-writing rules: small pure functions of two consecutive frames, over N such steps at once.

A rule is the same whether a finished piece is judged by it or a search is charged for what it might
write next: `RULES` holds them by name, `Moves` what they look at, and `charge` adds up what they
find.
"""

from bachbot.theory.rules.rule import PAIRS, Moves, Rule, Unit, released
from bachbot.theory.rules.table import RULES, SUMS, charge

__all__ = ["PAIRS", "RULES", "SUMS", "Moves", "Rule", "Unit", "charge", "released"]
