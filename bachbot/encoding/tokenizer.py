"""Chorales as token streams, and back, without loss in either direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale, Key, Meter
from bachbot.encoding.vocabulary import (
    END,
    FERMATA,
    FIRST_PITCH,
    FRAME_END,
    REST_TOKEN,
    START,
    Vocabulary,
)
from bachbot.errors import EncodingError

SLOT_FRAME_END, SLOT_FERMATA, SLOT_START, SLOT_END = 4, 5, 6, 7
"""`TokenStream.voice` of tokens that belong to no voice; 0 to 3 are S, A, T, B."""

NO_FRAME = -1
"""`TokenStream.frame` of START and END."""


@dataclass(frozen=True, eq=False)
class TokenStream:
    """A chorale as tokens: START, the frames, END.

    Each frame is an optional FERMATA, a token for each of S, A, T, B, and the frame end.

    Parameters
    ----------
    ids : ndarray of int64, shape [N]
        Token ids.
    frame : ndarray of int32, shape [N]
        Frame of each token; -1 for START and END.
    voice : ndarray of int8, shape [N]
        0 to 3 for S, A, T, B; 4 frame end, 5 fermata, 6 START, 7 END.
    """

    ids: NDArray[np.int64]
    frame: NDArray[np.int32]
    voice: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.ids)


def encode(chorale: Chorale, vocabulary: Vocabulary) -> TokenStream:
    """Encode a chorale as tokens.

    Parameters
    ----------
    chorale : Chorale
        T frames. Its meter, key and name are not encoded.
    vocabulary : Vocabulary
        What the ids mean.

    Returns
    -------
    TokenStream
        2 + 5 T tokens, and one more for each frame under a fermata.

    Raises
    ------
    EncodingError
        If a pitch is outside the vocabulary.

    Examples
    --------
    >>> import numpy as np
    >>> piece = Chorale(np.full((1, 4), [[67, 64, 60, 48]]), np.zeros((1, 4)), np.ones(1))
    >>> stream = encode(piece, Vocabulary())
    >>> [Vocabulary().symbols[i] for i in stream.ids][:3]
    ['START', 'FERMATA', '(67, False)']
    """
    frames = chorale.frames
    grid = np.empty((frames, 6), dtype=np.int64)
    grid[:, 0] = FERMATA
    grid[:, 1:5] = vocabulary.ids_of(chorale.pitch, chorale.tied)
    grid[:, 5] = FRAME_END
    keep = np.ones((frames, 6), dtype=np.bool_)
    keep[:, 0] = chorale.fermata
    slots = np.broadcast_to(
        np.array([SLOT_FERMATA, 0, 1, 2, 3, SLOT_FRAME_END], dtype=np.int8), keep.shape
    )
    frame = np.broadcast_to(np.arange(frames, dtype=np.int32)[:, None], keep.shape)
    return TokenStream(
        ids=np.concatenate([[START], grid[keep], [END]]),
        frame=np.concatenate([[NO_FRAME], frame[keep], [NO_FRAME]]).astype(np.int32),
        voice=np.concatenate([[SLOT_START], slots[keep], [SLOT_END]]).astype(np.int8),
    )


def decode(
    ids: NDArray[np.int64],
    vocabulary: Vocabulary,
    *,
    meter: Meter | None = None,
    key: Key | None = None,
    name: str = "",
) -> Chorale:
    """Decode a chorale from tokens; the inverse of `encode`.

    Parameters
    ----------
    ids : ndarray of int64, shape [N]
        START, whole frames, END.
    vocabulary : Vocabulary
        What the ids mean.
    meter, key, name
        Of the chorale (default: 4/4, C major, none), since the tokens do not hold them.

    Returns
    -------
    Chorale

    Raises
    ------
    EncodingError
        If the tokens do not follow the grammar, or a note is tied to another pitch.
    """
    ids = np.asarray(ids)
    if len(ids) < 2 or ids[0] != START or ids[-1] != END:
        raise EncodingError("a token stream begins with START and ends with END: this one does not")
    body = ids[1:-1]
    if body.size and not (body.min() >= 0 and body.max() < len(vocabulary)):
        raise EncodingError(f"a token id is outside 0 to {len(vocabulary) - 1}")
    ends = np.flatnonzero(body == FRAME_END)
    if (ends[-1] + 1 if ends.size else 0) != len(body):
        raise EncodingError("the last frame of the token stream has no end: finish it with '|||'")
    starts = np.concatenate([[0], ends + 1])[:-1].astype(np.int64)
    fermata = body[starts] == FERMATA
    lengths = ends - starts - fermata
    if (lengths != 4).any():
        frame = int(np.flatnonzero(lengths != 4)[0])
        raise EncodingError(f"frame {frame} has {lengths[frame]} voice tokens: give four")
    cells = body[(starts + fermata)[:, None] + np.arange(4)]
    if ((cells < FIRST_PITCH) & (cells != REST_TOKEN)).any():
        raise EncodingError(
            "a special token stands in place of a voice: give four voice tokens a frame"
        )
    pitch = vocabulary.pitch_of[cells]
    return Chorale(
        pitch=pitch,
        tied=vocabulary.tied_of[cells] & (pitch != REST),
        fermata=fermata,
        meter=meter or Meter(),
        key=key or Key(),
        name=name,
    )
