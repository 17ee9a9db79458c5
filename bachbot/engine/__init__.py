"""The engine: what the command line, a site and notebooks call."""

from bachbot.engine.engine import (
    DEFAULT_CHECKPOINT,
    Engine,
    Progress,
    compose_pieces,
    harmonize,
)
from bachbot.engine.plan import Arrangement, Plan

__all__ = [
    "DEFAULT_CHECKPOINT",
    "Arrangement",
    "Engine",
    "Plan",
    "Progress",
    "compose_pieces",
    "harmonize",
]
