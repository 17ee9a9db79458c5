"""The shipped model through the public surface, on tunes and on Bach's own chorales."""

from pathlib import Path

import numpy as np
import pytest

import bachbot
from bachbot.chorale import Key, Meter, Voice
from bachbot.decoding import Penalties
from bachbot.decoding.harmonize import _fill_batch as fill_batch
from bachbot.engine.compose_scores import LENGTHS
from bachbot.engine.given_harmony import given_figures, given_harmony
from bachbot.errors import CheckpointError, DecodingError, UsageError
from bachbot.scores import bars_of, from_chorale
from bachbot.theory.cadence import final_cadence

EXAMPLES = Path(__file__).parents[1] / "corpus" / "examples"
TUNES = sorted(p.name for p in EXAMPLES.iterdir() if p.is_file() and p.suffix != ".md")


QUICK = bachbot.DecodingOptions("greedy")

SHORT = "X:1\nT:A line of Twinkle\nM:4/4\nL:1/4\nK:G\nGGdd|eed2|ccBB|AAG2|"


@pytest.fixture(scope="module")
def engine():
    return bachbot.Engine.load()


@pytest.fixture(scope="module")
def harmonized(engine):
    """The score and the result of every example: together they take half as long as one by one."""
    scores = [bachbot.load_score(EXAMPLES / tune) for tune in TUNES]
    found = engine.harmonize_all(scores)
    return {t: (score, one) for t, score, [one] in zip(TUNES, scores, found, strict=True)}


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


@pytest.mark.slow
@pytest.mark.parametrize("tune", TUNES)
def test_every_example_is_harmonized_as_a_choir_would_have_it(harmonized, tune):
    source, found = harmonized[tune]
    chorale = found.score.chorale
    assert (chorale.pitch[:, 0] == source.chorale.pitch[:, 0]).all()
    assert (chorale.tied[:, 0] == source.chorale.tied[:, 0]).all()
    sounding = chorale.pitch[:, 0] >= 0
    for voice in (Voice.ALTO, Voice.TENOR, Voice.BASS):
        low, high = voice.range
        assert (chorale.pitch[sounding, voice] >= low).all()
        assert (chorale.pitch[sounding, voice] <= high).all()
    lower = chorale.pitch[sounding, Voice.ALTO :]
    assert (lower > chorale.pitch[sounding, :1]).any(axis=1).mean() < 0.02
    last = np.flatnonzero(sounding)[-1]
    assert chorale.pitch[last, Voice.BASS] % 12 == source.chorale.key.pitch_class
    assert found.log_probability < 0


@pytest.mark.slow
@pytest.mark.parametrize("tune", TUNES)
def test_no_example_has_parallel_fifths_or_octaves(harmonized, tune):
    assert parallels(harmonized[tune][1].score.chorale) == 0


@pytest.mark.slow
def test_a_given_set_of_voices_of_a_chorale_comes_back(engine, corpus):
    chorale = min(corpus.part("test"), key=lambda c: c.frames)
    written = chorale.transposed(-chorale.transposed_by, corpus_key(corpus, chorale))
    score = from_chorale(written, "a chorale")
    for given in ([Voice.BASS], [Voice.SOPRANO, Voice.BASS], [Voice.ALTO, Voice.TENOR]):
        [found] = engine.harmonize(score, given=given, options=QUICK)
        music = found.score.chorale
        assert (music.pitch[:, given] == written.pitch[:, given]).all()
        assert (music.tied[:, given] == written.tied[:, given]).all()
        others = [v for v in Voice if v not in given]
        assert (music.pitch[:, others] != written.pitch[:, others]).any()


def corpus_key(corpus, chorale):
    return next(p.source_key for p in corpus.pieces if p.chorale is chorale)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("meter", "key"),
    [(Meter(4, 4), Key("D")), (Meter(3, 4), Key("C", "minor")), (Meter(6, 8), Key("G"))],
)
def test_composing_ends_with_a_cadence_at_the_end_of_a_bar_or_says_how(engine, meter, key):
    options = bachbot.DecodingOptions(method="sample", temperature=0.9, seed=1, number=2)
    found = engine.compose(bachbot.ComposeOptions(bars=4, meter=meter, key=key), options=options)
    for one in found:
        chorale = one.score.chorale
        assert chorale.frames == 4 * meter.bar_frames
        assert (chorale.pitch >= 0).all()
        assert chorale.key == key
        # The rule yields where a voice would have nothing else to sing.
        assert parallels(chorale) <= 1
        assert "bar 4" in one.ending
        if "a perfect cadence" in one.ending:
            assert final_cadence(chorale).kind == "perfect"
    assert not found[0].score.chorale.same_music(found[1].score.chorale)


@pytest.mark.slow
def test_a_wider_search_finds_a_higher_probability(engine):
    source = bachbot.load_score(SHORT.encode())

    def best(**options):
        options = bachbot.DecodingOptions(penalties=Penalties(), **options)
        [found] = engine.harmonize(source, options=options)
        return found.log_probability

    # The same piece twice may differ in the last digits: rows are multiplied in other blocks.
    assert best(beam=20) >= best(beam=5) - 1e-3 > best(method="greedy")
    assert best(beam=5) > best(method="sample", temperature=1.0)


@pytest.mark.slow
def test_several_differ_audibly_and_come_best_first(engine):
    source = bachbot.load_score(EXAMPLES / "amazing-grace.musicxml")
    found = engine.harmonize(source, options=bachbot.DecodingOptions(number=3))
    assert len(found) == 3
    scores = [one.log_probability - one.penalty for one in found]
    assert scores == sorted(scores, reverse=True)
    music = [one.score.chorale for one in found]
    sounding = source.chorale.pitch[:, 0] >= 0
    for i, a in enumerate(music):
        for b in music[i + 1 :]:
            differ = (a.pitch != b.pitch)[sounding, 1:].any(axis=1).mean()
            assert differ > 0.15  # of the time at least one voice sounds another note
    # One of them is without noise, and none is better without being first.
    [alone] = engine.harmonize(source)
    assert any(alone.score.chorale.same_music(one) for one in music)


@pytest.mark.slow
def test_bars_are_rewritten_and_nothing_else_changes(engine):
    [whole] = engine.harmonize(bachbot.load_score(SHORT.encode()), options=QUICK)
    bars = bars_of(whole.score, "2-3")
    sampled = bachbot.DecodingOptions("sample", seed=1)
    for given in ((), (Voice.SOPRANO,), (Voice.ALTO, Voice.TENOR)):
        [found] = engine.harmonize(whole.score, given=given, bars=bars, options=sampled)
        before, after = whole.score.chorale, found.score.chorale
        kept = np.ones(before.pitch.shape, dtype=bool)
        kept[bars.frames.start : bars.frames.stop] = False
        kept[:, list(given)] = True
        assert (after.pitch == before.pitch)[kept].all()
        assert (after.tied == before.tied)[kept].all()
        assert (after.pitch != before.pitch).any()


@pytest.mark.slow
def test_many_come_out_as_they_do_alone_and_a_bad_one_does_not_stop_them(engine, monkeypatch):
    lines = ("GGdd|eed2|", "ccBB|AAG2|ddcc|BBA2|", "GABc|d4|")
    texts = [f"X:1\nT:{n}\nM:4/4\nL:1/4\nK:G\n{line}" for n, line in enumerate(lines)]
    scores = [bachbot.load_score(text.encode()) for text in texts]
    options = bachbot.DecodingOptions(beam=3)
    alone = [engine.harmonize(score, options=options)[0] for score in scores]
    done = []
    found = engine.harmonize_all(
        scores, options=options, progress=lambda n, of: done.append((n, of))
    )
    for [one], other in zip(found, alone, strict=True):
        assert one.score.chorale.same_music(other.score.chorale)
    assert done[-1] == (3, 3)

    def fails(model, requests, options, progress=None):
        if any(request.chorale.frames == scores[1].chorale.frames for request in requests):
            raise DecodingError("no music")
        return fill_batch(model, requests, options, progress)

    monkeypatch.setattr("bachbot.decoding.harmonize._fill_batch", fails)
    [first], bad, [third] = engine.harmonize_all(scores, options=options)
    assert isinstance(bad, DecodingError)
    assert first.score.chorale.same_music(alone[0].score.chorale)
    assert third.score.chorale.same_music(alone[2].score.chorale)


@pytest.mark.slow
def test_a_model_that_looks_ahead_composes_pieces_as_long_as_bachs(engine):
    [one] = engine.compose(options=bachbot.DecodingOptions("sample", seed=1))
    frames = one.score.chorale.frames
    assert frames % 16 == 0
    assert frames // 16 in LENGTHS


def test_the_lengths_are_those_of_the_training_part(corpus):
    bars = [c.frames / c.meter.bar_frames for c in corpus.part("train")]
    quantiles = np.quantile(bars, (np.arange(12) + 0.5) / 12)
    # The longest twelfth is left out for a shorter one: few want forty bars.
    np.testing.assert_allclose(LENGTHS[:11], quantiles[:11], atol=1)


@pytest.mark.slow
def test_the_functions_do_what_the_engine_does(engine, tmp_path):
    path = tmp_path / "short.abc"
    path.write_text(SHORT, encoding="utf-8")
    [mine] = bachbot.harmonize(path, options=QUICK)
    [its] = engine.harmonize(bachbot.load_score(path), options=QUICK)
    assert mine.score.chorale.same_music(its.score.chorale)
    request = bachbot.ComposeOptions(bars=1)
    [mine], [its] = bachbot.compose(request), engine.compose(request)
    assert mine.score.chorale.same_music(its.score.chorale)


@pytest.mark.slow
def test_bad_requests_to_the_engine(engine):
    tune = bachbot.load_score(SHORT.encode())
    with pytest.raises(UsageError, match="lacks the given voice bass"):
        engine.harmonize(tune, given=[Voice.BASS])
    with pytest.raises(UsageError, match="0 voices are given"):
        engine.harmonize(tune, given=[])
    [four] = engine.harmonize(tune, options=QUICK)
    with pytest.raises(UsageError, match="4 voices are given"):
        engine.harmonize(four.score, given=list(Voice))
    with pytest.raises(UsageError, match="the opening has no alto, tenor, bass"):
        engine.compose(bachbot.ComposeOptions(prime=tune))
    with pytest.raises(UsageError, match="give 1 or more"):
        engine.compose(bachbot.ComposeOptions(prime=four.score, prime_bars=0))
    with pytest.raises(UsageError, match="has 4 bars, too few to continue 5"):
        engine.compose(bachbot.ComposeOptions(prime=four.score, prime_bars=5))
    with pytest.raises(CheckpointError, match="comes with bachbot"):
        bachbot.Engine.load("stone")


WIDE = b"X:1\nM:4/4\nL:1/4\nK:D\nA,DFA|dfab|afdA|F2D2|]\n"
"""From A3 to B5, a step more than the range of a soprano."""


@pytest.mark.slow
def test_notes_outside_the_range_come_back_as_they_are():
    score = bachbot.load_score(WIDE)
    [found] = bachbot.Engine.load("paper").harmonize(score)
    assert (found.score.chorale.pitch[:, 0] == score.chorale.pitch[:, 0]).all()
    assert found.score.chorale.pitch[:, 0].max() == 83
    content = bachbot.render(found.score, "musicxml")
    again = bachbot.load_score(content, voices=tuple(Voice), transpose="no")
    assert (again.chorale.pitch == found.score.chorale.pitch).all()
    assert (again.chorale.tied == found.score.chorale.tied).all()


LOW = b"X:1\nM:4/4\nL:1/4\nK:Bb\nG,B,DF|GBdf|gfed|B4|]\n"
"""In B flat, and too low: it is moved to C."""


def test_chords_in_letters_are_those_of_the_key_in_which_the_tune_was_written():
    found = []
    for transpose in ("no", "auto", "A"):
        score = bachbot.load_score(LOW, transpose=transpose)
        cells = np.ones((score.chorale.frames, 4), dtype=np.bool_)
        found.append(given_harmony(score, cells, "Bb | Gm | F7 | I").chords)
    assert found[0] == found[1] == found[2]
    assert {chord.root for chord in found[0]} == {0, 9, 7}


def test_figures_are_those_of_the_key_in_which_the_bass_was_written():
    found = []
    for transpose in ("no", "-3"):
        score = bachbot.load_score(
            LOW.replace(b"[B", b"B"), voices=[Voice.BASS], transpose=transpose
        )
        found.append(given_figures(score, "5 . n . | 6 . . . | 7 . . . | 5").chords)
    assert found[0] == found[1]
    assert found[0]
