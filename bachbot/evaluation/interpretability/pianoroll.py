"""What a model expects of each voice, frame by frame: a piano roll of probabilities.

The original's figure of likelihoods (Liang, *BachBot*, MPhil thesis, Cambridge 2016, chapter 5).
The piece is run through teacher-forced, as `bachbot.evaluation.losses` does it: each
voice's token is predicted from what was told beforehand and from every token before it, the
soprano's after its fermata. The onset and the tie of a pitch are one pitch here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Given, Voice
from bachbot.encoding import FIRST_PITCH, REST_TOKEN, FillRequest, encode
from bachbot.runtime.protocol import Model, log_softmax


@dataclass(frozen=True, eq=False)
class PianoRoll:
    """How likely a model found each pitch of each voice in each frame.

    Parameters
    ----------
    low : int
        MIDI pitch of the first column of `pitch`.
    pitch : ndarray of float64, shape [T, 4, P]
        Probability that the voice sounds that pitch, 0 to 1, struck or held.
    rest : ndarray of float64, shape [T, 4]
        Probability that it is silent. What lacks of 1 lies on tokens of no voice, such as a
        fermata that did not come.
    nats : ndarray of float64, shape [T, 4]
        Minus log-probability of the token that is written, its tie included.
    """

    low: int
    pitch: NDArray[np.float64]
    rest: NDArray[np.float64]
    nats: NDArray[np.float64]

    @property
    def frames(self) -> int:
        """Length T in frames of a sixteenth."""
        return len(self.rest)


def piano_roll(
    model: Model, chorale: Chorale, *, given: Iterable[Voice] = (), fermatas: bool = True
) -> PianoRoll:
    """Run a chorale through a model and keep what it expects of each voice.

    Parameters
    ----------
    model : Model
        Any model that steps.
    chorale : Chorale
        T frames in the key that the model expects (C major or A minor).
    given : iterable of Voice
        Voices that a model which looks ahead is given; of those it is certain.
    fermatas : bool
        Whether such a model is told the fermatas.

    Returns
    -------
    PianoRoll

    Raises
    ------
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    vocabulary = model.vocabulary
    stream = encode(chorale, vocabulary)
    shape = (chorale.frames, len(VOICES))
    pitches = (len(vocabulary) - FIRST_PITCH) // 2
    pitch, rest, nats = np.zeros((*shape, pitches)), np.zeros(shape), np.zeros(shape)
    work = FillRequest(
        chorale, Given.voices(chorale.frames, {Voice(v) for v in given}, fermatas=fermatas)
    )
    bound = model.bind([work])
    state = bound.initial_state(1)
    for place in range(len(stream) - 1):
        logits, state = bound.step(stream.ids[place : place + 1], state)
        frame, voice = int(stream.frame[place + 1]), int(stream.voice[place + 1])
        if voice >= len(VOICES):
            continue
        log_probability = log_softmax(logits)[0]  # [V]
        chance = np.exp(log_probability)
        # Onset and tie of a pitch are neighbors.
        pitch[frame, voice] = chance[FIRST_PITCH:].reshape(-1, 2).sum(axis=1)
        rest[frame, voice] = chance[REST_TOKEN]
        nats[frame, voice] = -log_probability[stream.ids[place + 1]]
    return PianoRoll(vocabulary.low, pitch, rest, nats)
