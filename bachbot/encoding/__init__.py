"""Vocabulary, and chorales as token streams. numpy only."""

from bachbot.encoding.stream import (
    NO_FRAME,
    SLOT_END,
    SLOT_FERMATA,
    SLOT_FRAME_END,
    SLOT_START,
    TokenStream,
    decode,
    encode,
)
from bachbot.encoding.told import Told, Work, tell
from bachbot.encoding.vocabulary import (
    END,
    FERMATA,
    FIRST_PITCH,
    FRAME_END,
    NO_PITCH,
    REST_TOKEN,
    START,
    Vocabulary,
)

__all__ = [
    "END",
    "FERMATA",
    "FIRST_PITCH",
    "FRAME_END",
    "NO_FRAME",
    "NO_PITCH",
    "REST_TOKEN",
    "SLOT_END",
    "SLOT_FERMATA",
    "SLOT_FRAME_END",
    "SLOT_START",
    "START",
    "TokenStream",
    "Told",
    "Vocabulary",
    "Work",
    "decode",
    "encode",
    "tell",
]
