"""A piano roll of probabilities: what a model expects of each voice, frame by frame.

The figure of likelihoods in Liang, *BachBot*, MPhil thesis, Cambridge 2016, chapter 5. The piece is
run with teacher forcing, as in `bachbot.evaluation.losses`: each voice's token is predicted from
the model's conditioning and from every token before it, the soprano's after its fermata. The
probabilities of the onset and the tie of a pitch are added up.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Given, Voice
from bachbot.encoding import FIRST_PITCH, REST_TOKEN, FillRequest, encode
from bachbot.evaluation.losses import check_normalized
from bachbot.runtime.protocol import Model, log_softmax


@dataclass(frozen=True, eq=False)
class PianoRoll:
    """Probability of each pitch of each voice in each frame.

    Parameters
    ----------
    low : int
        MIDI pitch of the first column of `pitch`.
    pitch : ndarray of float64, shape [T, 4, P]
        Probability that the voice sounds the pitch, as an onset or a tie, 0 to 1.
    rest : ndarray of float64, shape [T, 4]
        Probability that the voice rests. What is missing from a sum of 1 is on tokens of no voice,
        such as a fermata that the piece does not have.
    nats : ndarray of float64, shape [T, 4]
        Negative log-likelihood of the token in the piece, which may be an onset or a tie.
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
    """Run a model through a chorale and record what it expects of each voice.

    Parameters
    ----------
    model : Model
        A model with a probability distribution for each step.
    chorale : Chorale
        T frames in the key that the model expects (C major or A minor).
    given : iterable of Voice
        Voices that a look-ahead model is conditioned on, and predicts with certainty.
    fermatas : bool
        Whether such a model is given the fermatas.

    Returns
    -------
    PianoRoll

    Raises
    ------
    UsageError
        If the model is a product of experts.
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    check_normalized(model)
    vocabulary = model.vocabulary
    stream = encode(chorale, vocabulary)
    shape = (chorale.frames, len(VOICES))
    pitches = (len(vocabulary) - FIRST_PITCH) // 2
    pitch, rest, nats = np.zeros((*shape, pitches)), np.zeros(shape), np.zeros(shape)
    cells = Given.voices(chorale.frames, {Voice(v) for v in given}, fermatas=fermatas)
    bound = model.bind([FillRequest(chorale, cells)])
    state = bound.initial_state(1)
    for step in range(len(stream) - 1):
        logits, state = bound.step(stream.ids[step : step + 1], state)
        frame, voice = int(stream.frame[step + 1]), int(stream.voice[step + 1])
        if voice >= len(VOICES):
            continue
        log_probability = log_softmax(logits)[0]  # [V]
        probability = np.exp(log_probability)
        # The onset and the tie of a pitch are adjacent.
        pitch[frame, voice] = probability[FIRST_PITCH:].reshape(-1, 2).sum(axis=1)
        rest[frame, voice] = probability[REST_TOKEN]
        nats[frame, voice] = -log_probability[stream.ids[step + 1]]
    return PianoRoll(vocabulary.low, pitch, rest, nats)
