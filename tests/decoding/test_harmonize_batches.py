"""Several pieces side by side come out as each would alone."""

import dataclasses

import numpy as np
import pytest
from toy_models import random_lookahead_model, random_model

from bachbot.chorale import REST, Chorale, Given, Key, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill, fill_all
from bachbot.decoding.penalties import DEFAULT_PENALTIES
from bachbot.encoding import FillRequest, Vocabulary

WIDE = Vocabulary()

MODELS = {
    "lstm": random_model(WIDE, scale=0.5),
    "lookahead": random_lookahead_model(WIDE, scale=0.25),
    "lookahead without metadata": random_lookahead_model(WIDE, scale=0.25, use_metadata=False),
}


def requests(fermatas):
    """Six pieces of which other things are given, in other keys; two of them are as long."""
    rng = np.random.default_rng(3)
    made = []
    for frames, key, moved in [
        (9, Key(), 0), (5, Key("A", "minor"), 3), (9, Key(), -5), (1, Key(), 0),
        (14, Key("A", "minor"), 12), (6, Key(), 3),
    ]:  # fmt: skip
        pitch = np.clip(np.add([70, 63, 58, 50], rng.integers(-5, 6, (frames, 4))), 36, 81)
        tied = np.zeros((frames, 4), dtype=bool)
        held = rng.random(frames) < 0.4
        for frame in np.flatnonzero(held[1:]) + 1:
            pitch[frame] = pitch[frame - 1]
            tied[frame] = True
        pause = rng.random(frames) < 0.3
        for frame in np.flatnonzero(tied[:, 0]):
            pause[frame] = pause[frame - 1]
        made.append(Chorale(pitch, tied, pause, key=key, transposed_by=moved))
    cells = [
        Given.voices(9, [Voice.SOPRANO]).cells,
        Given.voices(5, [Voice.BASS]).cells,
        np.random.default_rng(4).random((9, 4)) < 0.5,
        np.zeros((1, 4), dtype=bool),
        Given.opening(14, 6).cells,
        Given.voices(6, list(Voice)).cells,
    ]
    if fermatas == "some":
        told = [rng.random(piece.frames) < 0.5 for piece in made]
    else:
        told = [fermatas] * 6
    given = [Given(c, f) for c, f in zip(cells, told, strict=True)]
    given[0] = dataclasses.replace(given[0], final_chord=range(6, 9))
    given[1] = dataclasses.replace(given[1], grid=2)
    return [FillRequest(piece, asked) for piece, asked in zip(made, given, strict=True)]


ALL_PENALTIES = Penalties.of(
    {
        **dict.fromkeys(["parallel fifths", "overlap", "out of range", "no chord"], 0.7),
        "onset bonus 0": 0.3,
        "onset bonus 2": 0.5,
        "repeated note": 0.6,
        "new-chord bonus": 0.8,
        "final chord": 2.0,
        "chord at fermata": 0.5,
        "leap bonus": 0.2,
    }
)

OPTIONS = {
    "beam": DecodingOptions(beam=4),
    "next best": DecodingOptions(beam=4, number=3, diversity=0, penalties=ALL_PENALTIES),
    "groups": DecodingOptions(beam=2, number=3, penalties=ALL_PENALTIES),
    "greedy": DecodingOptions("greedy", penalties=Penalties()),
    "sample": DecodingOptions("sample", number=2, seed=1, top_p=0.95),
    "sample with penalties": DecodingOptions(
        "sample", seed=2, temperature=0.8, penalties=DEFAULT_PENALTIES
    ),
}

PAIRS = [
    (model, options, (True, False, "some")[(i + j) % 3])
    for i, model in enumerate(MODELS)
    for j, options in enumerate(OPTIONS)
]
"""A third of all combinations, in which each two values of any two parameters meet."""


@pytest.mark.slow
@pytest.mark.parametrize(("model", "options", "fermatas"), PAIRS)
def test_as_each_alone(model, options, fermatas):
    model, options, pieces = MODELS[model], OPTIONS[options], requests(fermatas)
    together = fill_all(model, pieces, options)
    assert len(together) == len(pieces)
    for work, found in zip(pieces, together, strict=True):
        alone = fill(model, work.chorale, work.given, options)
        assert len(found) == len(alone)
        for one, other in zip(found, alone, strict=True):
            assert one.chorale.same_music(other.chorale)
            assert one.chorale.key == work.chorale.key
            assert one.log_probability == other.log_probability
            assert one.penalty == other.penalty
            assert one.ending == other.ending


@pytest.mark.slow
def test_the_order_is_theirs():
    pieces = requests(True)
    there = fill_all(MODELS["lookahead"], pieces)
    back = fill_all(MODELS["lookahead"], pieces[::-1])[::-1]
    for [one], [other] in zip(there, back, strict=True):
        assert one.chorale.same_music(other.chorale)


def test_batches_are_of_similar_length_and_progress_counts_pieces():
    calls = []
    pieces = requests(True)
    found = fill_all(MODELS["lstm"], pieces, batch_size=4, progress=lambda *a: calls.append(a))
    assert calls == [(4, 6), (6, 6)]
    assert [f[0].chorale.frames for f in found] == [p.chorale.frames for p in pieces]


def test_rests_in_some_and_not_in_others():
    """A melody that rests lets the others rest; one that sounds beside it does not."""
    rest = Chorale(np.full((3, 4), REST), np.zeros((3, 4)), np.zeros(3))
    note = Chorale(np.full((3, 4), 67), np.zeros((3, 4)), np.zeros(3))
    given = Given.voices(3, [Voice.SOPRANO])
    options = DecodingOptions("sample", number=30, penalties=Penalties())
    silent, sounding = fill_all(
        MODELS["lstm"], [FillRequest(rest, given), FillRequest(note, given)], options
    )
    assert any((c.chorale.pitch[:, 1:] == REST).any() for c in silent)
    assert not any((c.chorale.pitch == REST).any() for c in sounding)
