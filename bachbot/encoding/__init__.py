"""Chorales as tokens: vocabulary, tokenizer, and what a model is conditioned on. NumPy only."""

from bachbot.encoding.conditioning import Conditioning, FillRequest, encode_conditioning
from bachbot.encoding.tokenizer import (
    NO_FRAME,
    SLOT_END,
    SLOT_FERMATA,
    SLOT_FRAME_END,
    SLOT_START,
    TokenStream,
    decode,
    encode,
)
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
    "Conditioning",
    "FillRequest",
    "TokenStream",
    "Vocabulary",
    "decode",
    "encode",
    "encode_conditioning",
]
