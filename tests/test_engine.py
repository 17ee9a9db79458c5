"""The shipped model through the public surface, on tunes and on Bach's own chorales."""

from pathlib import Path

import numpy as np
import pytest

import bachbot
from bachbot.chorale import Key, Metre, Voice
from bachbot.errors import CheckpointError, UsageError
from bachbot.scores import from_chorale
from bachbot.theory.cadence import final_cadence

EXAMPLES = Path(__file__).parents[1] / "corpus" / "examples"
TUNES = sorted(p.name for p in EXAMPLES.iterdir() if p.is_file() and p.suffix != ".md")


@pytest.fixture(scope="module")
def engine():
    return bachbot.Engine.load()


def parallels(chorale):
    """Parallel fifths, octaves and unisons between any two voices that both move."""
    pitch = chorale.pitch.astype(int)
    count = 0
    for upper in range(4):
        for lower in range(upper + 1, 4):
            gap = pitch[:, upper] - pitch[:, lower]
            moves = np.diff(pitch[:, [upper, lower]], axis=0)
            along = (np.sign(moves[:, 0]) == np.sign(moves[:, 1])) & (moves != 0).all(axis=1)
            same = (gap[1:] - gap[:-1]) % 12 == 0
            count += int((along & same & np.isin(gap[:-1] % 12, (0, 7))).sum())
    return count


@pytest.mark.parametrize("tune", TUNES)
def test_every_example_is_harmonised_as_a_choir_would_have_it(engine, tune):
    source = bachbot.load_score(EXAMPLES / tune)
    [found] = engine.harmonize(source)
    chorale = found.score.chorale
    assert (chorale.pitch[:, 0] == source.chorale.pitch[:, 0]).all()
    assert (chorale.tied[:, 0] == source.chorale.tied[:, 0]).all()
    assert parallels(chorale) == 0
    sounding = chorale.pitch[:, 0] >= 0
    for voice in (Voice.ALTO, Voice.TENOR, Voice.BASS):
        low, high = voice.compass
        assert (chorale.pitch[sounding, voice] >= low).all()
        assert (chorale.pitch[sounding, voice] <= high).all()
    last = np.flatnonzero(sounding)[-1]
    assert chorale.pitch[last, Voice.BASS] % 12 == source.chorale.key.pitch_class
    assert found.log_probability < 0


def test_a_given_set_of_voices_of_a_chorale_comes_back(engine, corpus):
    chorale = min(corpus.part("test"), key=lambda c: c.frames)
    written = chorale.transposed(-chorale.transposed_by, corpus_key(corpus, chorale))
    score = from_chorale(written, "a chorale")
    for given in ([Voice.BASS], [Voice.SOPRANO, Voice.BASS], [Voice.ALTO, Voice.TENOR]):
        [found] = engine.harmonize(score, given=given)
        music = found.score.chorale
        assert (music.pitch[:, given] == written.pitch[:, given]).all()
        assert (music.tied[:, given] == written.tied[:, given]).all()
        others = [v for v in Voice if v not in given]
        assert (music.pitch[:, others] != written.pitch[:, others]).any()


def corpus_key(corpus, chorale):
    return next(p.source_key for p in corpus.pieces if p.chorale is chorale)


@pytest.mark.parametrize(
    ("metre", "key"),
    [(Metre(4, 4), Key("D")), (Metre(3, 4), Key("C", "minor")), (Metre(6, 8), Key("G"))],
)
def test_composing_ends_with_a_cadence_at_the_end_of_a_bar_or_says_how(engine, metre, key):
    options = bachbot.DecodingOptions(method="sample", temperature=0.9, seed=1, number=2)
    found = engine.compose(bachbot.Plan(bars=4, metre=metre, key=key), options=options)
    for one in found:
        chorale = one.score.chorale
        assert chorale.frames == 4 * metre.bar_frames
        assert (chorale.pitch >= 0).all()
        assert chorale.key == key
        # The rule yields where a voice would have nothing else to sing.
        assert parallels(chorale) <= 1
        assert "bar 4" in one.ending
        if "a perfect cadence" in one.ending:
            assert final_cadence(chorale).kind == "perfect"
    assert not found[0].score.chorale.same_music(found[1].score.chorale)


def test_likelier_than_chance_and_than_a_narrower_search(engine):
    source = bachbot.load_score(EXAMPLES / "twinkle.musicxml")

    def best(**options):
        [found] = engine.harmonize(source, options=bachbot.DecodingOptions(**options))
        return found.log_probability

    assert best(beam=20) >= best(beam=5) > best(method="greedy")
    assert best(beam=5) > best(method="sample", temperature=1.0)


def test_the_functions_do_what_the_engine_does(engine):
    source = bachbot.load_score(EXAMPLES / "ode-to-joy.krn")
    options = bachbot.DecodingOptions(method="greedy")
    [mine] = bachbot.harmonize(EXAMPLES / "ode-to-joy.krn", options=options)
    [its] = engine.harmonize(source, options=options)
    assert mine.score.chorale.same_music(its.score.chorale)
    plan = bachbot.Plan(bars=1)
    [mine], [its] = bachbot.compose(plan), engine.compose(plan)
    assert mine.score.chorale.same_music(its.score.chorale)


def test_what_cannot_be(engine):
    tune = bachbot.load_score(EXAMPLES / "twinkle.musicxml")
    with pytest.raises(UsageError, match="lacks the given voice bass"):
        engine.harmonize(tune, given=[Voice.BASS])
    with pytest.raises(UsageError, match="0 voices are given"):
        engine.harmonize(tune, given=[])
    [four] = engine.harmonize(tune, options=bachbot.DecodingOptions(method="greedy"))
    with pytest.raises(UsageError, match="4 voices are given"):
        engine.harmonize(four.score, given=list(Voice))
    with pytest.raises(UsageError, match="the opening has no alto, tenor, bass"):
        engine.compose(bachbot.Plan(prime=tune))
    with pytest.raises(UsageError, match="give 1 or more"):
        engine.compose(bachbot.Plan(prime=four.score, prime_bars=0))
    with pytest.raises(UsageError, match="has 12 bars and 13 were asked for"):
        engine.compose(bachbot.Plan(prime=four.score, prime_bars=13))
    with pytest.raises(CheckpointError, match="comes with bachbot"):
        bachbot.Engine.load("stone")
