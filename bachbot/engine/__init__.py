"""The engine: what the command line, a server and notebooks call."""

from bachbot.engine.engine import (
    DEFAULT_CHECKPOINT,
    Engine,
    Progress,
    compose_pieces,
    harmonize,
)
from bachbot.engine.requests import ComposeOptions, DecodingResult

__all__ = [
    "DEFAULT_CHECKPOINT",
    "ComposeOptions",
    "DecodingResult",
    "Engine",
    "Progress",
    "compose_pieces",
    "harmonize",
]
