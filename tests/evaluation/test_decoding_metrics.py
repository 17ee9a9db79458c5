import dataclasses
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_checkpoints import random_checkpoint
from strategies import chorales

from bachbot.chorale import REST, Chorale, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill, fill_all, fill_request
from bachbot.evaluation import decoding_metrics, harmonization, partwriting, variety
from bachbot.evaluation import generated as decoded
from bachbot.evaluation.decoding_metrics import KEYLESS_RULES
from bachbot.evaluation.generated import harmonize_pieces
from bachbot.runtime import build_model
from bachbot.theory.rules import RULES

MODEL = build_model(random_checkpoint(scale=0.7), dtype=np.float64)
GREEDY = DecodingOptions("greedy", penalties=Penalties())
GIVEN = st.sets(st.sampled_from(list(Voice)), max_size=3)


def tune(*notes, fermata=False):
    """A quarter for each of the soprano's notes; below it silence, which nobody looks at."""
    pitch = np.full((4 * len(notes), 4), REST)
    pitch[:, 0] = np.repeat(notes, 4)
    tied = (np.arange(len(pitch)) % 4 > 0)[:, None] & (pitch != REST)
    pause = (np.arange(len(pitch)) >= len(pitch) - 4) & fermata
    return Chorale(pitch, tied, pause, name="-".join(map(str, notes)))


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(chorales(min_frames=1, max_frames=8), min_size=1, max_size=4), GIVEN)
def test_what_is_given_comes_back_in_the_order_of_the_works(pieces, voices):
    pieces = [dataclasses.replace(p, name=str(n)) for n, p in enumerate(pieces)]
    found = harmonize_pieces(MODEL, [fill_request(p, voices) for p in pieces], GREEDY)
    assert [c.name for c in found] == [p.name for p in pieces]
    for piece, ours in zip(pieces, found, strict=True):
        assert ours.frames == piece.frames
        for voice in voices:
            assert np.array_equal(ours.pitch[:, voice], piece.pitch[:, voice])
            assert np.array_equal(ours.tied[:, voice], piece.tied[:, voice])
        if piece.fermata.any():
            assert np.array_equal(ours.fermata, piece.fermata)


def test_each_comes_out_as_it_would_alone(monkeypatch):
    monkeypatch.setattr(decoded, "fill_all", partial(fill_all, batch_size=2))
    tunes = [tune(67, 65, 64), tune(72), tune(67, 69, 71, 72, 72), tune(60, 62), tune(64)]
    works = [fill_request(t, [Voice.SOPRANO]) for t in tunes]
    seen = []
    together = harmonize_pieces(MODEL, works, GREEDY, progress=lambda *p: seen.append(p))
    assert seen == [(2, 5), (4, 5), (5, 5)]
    for work, ours in zip(works, together, strict=True):
        [alone] = fill(MODEL, work.chorale, work.given, GREEDY)
        assert ours.same_music(alone.chorale)


def test_a_tune_asks_for_an_ending_and_its_own_fermatas():
    plain = fill_request(tune(67, 65, 64), [Voice.SOPRANO])
    assert plain.chorale.fermata.tolist() == [False] * 8 + [True] * 4
    assert plain.given.final_chord == range(8, 12)
    written = fill_request(tune(67, 65, 64, fermata=True), [Voice.SOPRANO])
    assert written.given.fermatas.all()
    bass = fill_request(tune(67, 65, 64), [Voice.BASS])
    assert not bass.given.fermatas.any()
    assert not bass.given.final_chord
    assert not fill_request(tune(REST), [Voice.SOPRANO]).given.final_chord


def test_nothing_to_do_is_done():
    assert harmonize_pieces(MODEL, [], GREEDY) == []


@pytest.mark.slow
@settings(max_examples=10)
@given(st.lists(chorales(min_frames=4, max_frames=12), min_size=1, max_size=3))
def test_decoding_metrics_are_those_of_their_modules(pieces):
    masked = harmonization.MASKS["ATB"]
    found = decoding_metrics.measure(pieces, bach=pieces, masked=masked)
    assert found.partwriting.to_json() == partwriting.measure(pieces).to_json()
    assert found.variety.to_json() == variety.measure(pieces).to_json()
    assert (
        found.harmonization_error.to_json()
        == harmonization.measure(pieces, pieces, masked).to_json()
    )
    assert set(found.to_json()) == {"partwriting", "variety", "harmonization_error"}
    alone = decoding_metrics.measure(pieces, rules=KEYLESS_RULES)
    assert alone.harmonization_error is None
    assert list(alone.partwriting.rules) == [n for n, r in RULES.items() if not r.keyed]


def test_rules_of_key_are_known_apart():
    assert 0 < len(KEYLESS_RULES) < len(RULES)
    assert "leading note doubled" not in KEYLESS_RULES
    assert "parallel fifths" in KEYLESS_RULES


def test_his_pieces_have_to_be_the_same_ones():
    with pytest.raises(ValueError, match="cannot be compared"):
        decoding_metrics.measure([tune(60)], bach=[tune(60), tune(62)], masked=[Voice.BASS])
