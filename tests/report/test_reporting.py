import dataclasses
import json

import numpy as np
import pytest
from made_checkpoints import random_checkpoint

from bachbot.chorale import VOICES
from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import Vocabulary
from bachbot.errors import DecodingError, EncodingError, UsageError
from bachbot.evaluation import decoding_metrics, losses
from bachbot.evaluation import harmonization as harmonization
from bachbot.report.context import Subject, finite, load_subjects, share
from bachbot.report.reporting import make
from bachbot.report.section import Bench, Section
from bachbot.report.sections import SECTIONS, sections
from bachbot.report.sections.pianoroll import chosen
from bachbot.runtime import save_checkpoint

QUICK = ("losses", "harmonization", "partwriting", "pianoroll", "training")


def figures(report):
    """report.json without its times."""
    return {name: part for name, part in report.to_json().items() if name != "times"}


@pytest.mark.slow
def test_an_interrupted_report_continues_to_the_same_result(laid_out, subject, watched, tmp_path):
    straight = make(laid_out(), [subject], sections(QUICK))
    done = {row["what"] for row in straight.times["rows"]}
    for path in (tmp_path / "cache").iterdir():
        path.unlink()
    first = watched(ends_at="composed")
    with pytest.raises(KeyboardInterrupt):
        make(laid_out(first), [subject], sections(QUICK))
    second = watched()
    resumed = make(laid_out(second), [subject], sections(QUICK))
    assert json.dumps(figures(resumed)) == json.dumps(figures(straight))
    labels = [label.removeprefix("small: ") for label in second.done]
    # Only what the first run had not ended.
    assert labels == ["partwriting", "composed", "pianoroll"]
    assert "losses" in done
    assert "small: losses" in first.done
    before = {row["what"] for row in resumed.times["rows"] if row["cached"]}
    assert {"losses", "harmonization", "harmonized", "ATB filled by beam"} <= before
    third = watched()
    make(laid_out(third), [subject], sections(QUICK))
    assert third.done == []


@pytest.mark.parametrize("changed", ["weights", "config", "corpus", "limit", "part", "code"])
def test_whatever_a_figure_depends_on_is_in_its_key(
    laid_out, subject, made_corpus, watched, changed, monkeypatch
):
    only = sections(["pianoroll"])
    make(laid_out(), [subject], only)
    watch, corpus, request = watched(), made_corpus, {}
    checkpoint = subject.checkpoint
    if changed == "weights":
        checkpoint = random_checkpoint(scale=0.3, seed=1)
    elif changed == "config":
        config = {**checkpoint.config, "training": {"note": 1}}
        checkpoint = dataclasses.replace(checkpoint, config=config)
    elif changed == "corpus":
        last = made_corpus.pieces[-1]
        moved = dataclasses.replace(last.chorale, fermata=~last.chorale.fermata)
        corpus = PreparedCorpus(
            (*made_corpus.pieces[:-1], dataclasses.replace(last, chorale=moved))
        )
    elif changed == "limit":
        request = {"limit": 2}
    elif changed == "part":
        request = {"part": "validation"}
    else:
        monkeypatch.setattr("bachbot.report.cache.of_code", lambda: "other")
    context = laid_out(watch, corpus=corpus, **request)
    make(context, [Subject("small", "small", checkpoint)], only)
    assert watch.done == ["small: pianoroll"]


def test_a_damaged_set_is_decoded_again(laid_out, subject, tmp_path):
    bench = Bench(laid_out(), subject)
    before = bench.filled("ATB", "greedy")
    [path] = (tmp_path / "cache").glob("ATB-filled-by-greedy-*")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.warns(UserWarning, match="damaged"):
        after = Bench(laid_out(), subject).filled("ATB", "greedy")
    assert all(a.same_music(b) for a, b in zip(before, after, strict=True))


@pytest.mark.slow
def test_a_set_comes_back_from_the_cache_as_it_was_decoded(laid_out, foreseeing):
    bench = Bench(laid_out(), foreseeing)
    before, after = bench.composed(), Bench(laid_out(), foreseeing).composed()
    for a, b in zip(before, after, strict=True):
        assert a.same_music(b)
        assert (a.meter, a.key, a.transposed_by, a.name) == (
            b.meter, b.key, b.transposed_by, b.name,
        )  # fmt: skip
        assert np.array_equal(a.position, b.position)


@pytest.mark.slow
def test_every_figure_is_the_result_of_its_measure(laid_out, foreseeing):
    context = laid_out()
    report = make(context, [foreseeing], sections(QUICK)).to_json()["sections"]
    bench = Bench(context, foreseeing)
    of = {name: section["results"]["ahead"] for name, section in report.items()}
    given = losses.measure(bench.model, context.pieces, given=[VOICES[0]]).to_json()
    assert of["losses"]["tasks"]["ATB|S"]["test"] == json.loads(json.dumps(given))
    assert of["losses"]["needs_length"]
    assert {"repeat the frame", "1-gram"} <= of["losses"]["baselines"].keys()
    filled = bench.filled("AT", "beam")
    error = harmonization.measure(context.pieces, filled, VOICES[1:3]).to_json()
    assert of["harmonization"]["beam"]["AT"] == json.loads(json.dumps(error))
    bach = json.loads(json.dumps(decoding_metrics.measure(context.pieces).to_json()))
    assert of["partwriting"]["Bach"] == bach
    assert of["partwriting"]["harmonized"]["harmonization_error"]["equal_pitch"]["rate"] is not None
    roll = of["pianoroll"]
    shown = chosen(context.pieces)
    whole = losses.measure(bench.model, [shown]).voices
    assert roll["nats_per_frame"] == pytest.approx(whole.nats / shown.frames)
    # The figures may be passed on, the music may not.
    assert roll.keys() == {"chorale", "key", "frames", "nats_per_frame", "nats_by_voice"}


def test_a_section_that_fails_has_an_error_and_the_rest_has_results(laid_out, subject):
    def impossible(bench, advance):
        raise DecodingError("no music satisfies this: ask for less")

    broken = Section("broken", "Broken", impossible, lambda results, request: [])
    report = make(laid_out(), [subject], [broken, *sections(["training"])])
    assert not report.whole
    result = report.to_json()["sections"]
    assert result["broken"]["errors"] == {"small": "no music satisfies this: ask for less"}
    assert result["broken"]["results"] == {}
    assert result["training"]["results"]["small"]["epochs"] == list(range(1, 9))


@pytest.mark.slow
def test_too_few_pieces_to_classify_are_one_line(laid_out, subject):
    report = make(laid_out(), [subject], sections(["detection"]))
    [error] = report.chapters[0].errors.values()
    assert "too few pieces" in error
    assert "3 in each set, on 3 tunes" in error


def test_a_checkpoint_of_another_vocabulary_is_refused_before_any_work(laid_out, watched):
    narrow = Subject("narrow", "narrow", random_checkpoint(Vocabulary(60, 65)))
    watch = watched()
    with pytest.raises(EncodingError, match="60 to 65"):
        make(laid_out(watch), [narrow], SECTIONS)
    assert watch.done == []


def test_a_part_without_pieces_is_refused(laid_out, made_corpus, subject):
    train = PreparedCorpus(made_corpus.pieces[:2])
    with pytest.raises(UsageError, match="the test part of the split by tune has no piece"):
        make(laid_out(corpus=train), [subject], sections(["losses"]))


@pytest.mark.slow
def test_peers_are_measured_and_part_of_the_key(laid_out, subject, watched, tmp_path):
    def peer(high):
        pitch = np.full((16, 4), [[high, 64, 60, 48]], dtype=np.int8)
        np.savez(tmp_path / "others.npz", pitch=pitch, length=np.array([8, 8]))
        return {"others": tmp_path / "others.npz"}

    only = sections(["partwriting"])
    report = make(laid_out(peers=peer(67)), [subject], only).to_json()
    of_peer = report["sections"]["partwriting"]["results"]["small"]["others"]
    assert of_peer["partwriting"]["pieces"] == 2
    assert report["corpus"]["peers"] == {"others": 2}
    watch = watched()
    make(laid_out(watch, peers=peer(69)), [subject], only)
    assert watch.done == ["small: partwriting", "part-writing of others"]


def test_the_shown_chorale_is_the_shortest_that_is_long_enough(made_corpus):
    pieces = [p.chorale for p in made_corpus.pieces]
    longest = max(p.frames for p in pieces)
    assert chosen(pieces).frames == longest
    bars = [dataclasses.replace(p, meter=p.meter, position=None) for p in pieces]
    long = [p.augmented(4) for p in bars]
    long = [dataclasses.replace(p, position=None) for p in long]
    assert chosen(long) is min(
        (p for p in long if len(p.bar_starts) >= 8), key=lambda p: (p.frames, p.name)
    )


def test_sections_are_ordered_and_found_by_name():
    assert [s.name for s in sections(["training", "losses"])] == ["losses", "training"]
    assert sections() == SECTIONS
    with pytest.raises(UsageError, match="there is no section 'loss'"):
        sections(["loss"])


def test_subjects_have_their_learning_curves(tmp_path, subject):
    curve = "".join(json.dumps(row) + "\n" for row in subject.history).encode()
    save_checkpoint(tmp_path / "a", subject.checkpoint, extra={"metrics.jsonl": curve})
    [found] = load_subjects([str(tmp_path / "a")])
    assert (found.name, found.history) == ("a", subject.history)
    assert found.fingerprint == subject.fingerprint
    (tmp_path / "a" / "metrics.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(Exception, match="holds no learning curve"):
        load_subjects([str(tmp_path / "a")])
    with pytest.raises(UsageError, match="two checkpoints have the name 'a'"):
        load_subjects([str(tmp_path / "a"), str(tmp_path / "b" / "a")])


def test_nan_and_infinity_become_none():
    result = finite({"a": [float("nan"), 1.5], "b": (float("inf"), "x")})
    assert result == {"a": [None, 1.5], "b": [None, "x"]}


def test_progress_of_a_share_of_the_work():
    result = []
    share(lambda done, total: result.append(done / total), 1, 4)(5, 10)
    assert result == [pytest.approx(1.5 / 4)]
