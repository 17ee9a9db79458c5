"""Voices that are kept in some bars only, and any mask of cells: what is given never changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bachbot
from bachbot.chorale import VOICES, Voice
from bachbot.engine.requests import HarmonizeRequest
from bachbot.errors import UsageError
from bachbot.scores import bars_of, load_score
from bachbot.scores.stretches import (
    Stretch,
    cells_of,
    kept,
    parse_stretches,
    voices_of,
    voices_to_load,
)

FOUR = b"""X:1
T:Four
M:4/4
L:1/4
K:C
V:S
c d e f|g2 e2|f e d c|c4|
V:A
G G G A|G2 G2|A G G G|G4|
V:T
E D C C|B,2 C2|C C B, E|E4|
V:B
C, B,, C, F,|G,2 C,2|F,, C, G,, C,|C,4|
"""
S, A, T, B = VOICES


@pytest.fixture(scope="module")
def score():
    return load_score(FOUR, voices=VOICES, transpose="no")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("soprano", [Stretch(S)]),
        ("soprano,bass", [Stretch(S), Stretch(B)]),
        ("S, alto:2-3", [Stretch(S), Stretch(A, "2-3")]),
        (["soprano", "alto:2", "bass: 1-4"], [Stretch(S), Stretch(A, "2"), Stretch(B, "1-4")]),
    ],
)
def test_stretches_are_read(text, wanted):
    found = parse_stretches(text)
    assert list(found) == wanted
    assert voices_of(found) == tuple(sorted({one.voice for one in wanted}))


@pytest.mark.parametrize("text", ["", "alto:", "baritone:2", "alto,,bass"])
def test_text_that_names_no_stretch_is_refused(text):
    with pytest.raises(UsageError):
        parse_stretches(text)


def test_a_stretch_covers_its_bars_in_its_voice(score):
    cells = cells_of(score, parse_stretches("soprano,alto:2-3,bass:4"))
    wanted = np.zeros((64, 4), dtype=bool)
    wanted[:, S] = True
    wanted[16:48, A] = True
    wanted[48:64, B] = True
    assert (cells == wanted).all()
    with pytest.raises(UsageError, match="no bar 9"):
        cells_of(score, parse_stretches("alto:9"))


def test_what_is_kept_is_the_same_in_every_spelling(score):
    assert kept(score, "soprano,bass") == ((S, B), None)
    assert kept(score, [Voice.BASS, Voice.SOPRANO]) == ((S, B), None)
    voices, cells = kept(score, "soprano,alto:2")
    assert voices == (S,)
    again, mask = kept(score, cells)
    assert again == voices
    assert (mask == cells).all()


def test_a_file_is_loaded_with_the_voices_of_what_is_kept():
    cells = np.zeros((64, 4), dtype=bool)
    cells[:, S] = cells[:8, B] = True
    for spelling in ("soprano,bass:1-2", ["bass:1-2", "S"], [Voice.BASS, Voice.SOPRANO], cells):
        assert voices_to_load(spelling) == (S, B)
    with pytest.raises(UsageError, match=r"shape \(64,\)"):
        voices_to_load(np.ones(64, dtype=bool))


@pytest.mark.slow
def test_text_says_what_is_kept_in_one_call_as_in_the_engine(score, tmp_path):
    path = tmp_path / "four.abc"
    path.write_bytes(FOUR)
    text = "soprano,bass:1-2"
    options = bachbot.DecodingOptions("greedy")
    [mine] = bachbot.harmonize(path, given=text, options=options)
    two = load_score(FOUR, voices=(S, B))
    engine = bachbot.Engine.load()
    [its] = engine.harmonize(two, given=text, options=options)
    [[one]] = engine.harmonize_all([two], given=text, options=options)
    found = mine.score.chorale
    assert found.same_music(its.score.chorale)
    assert found.same_music(one.score.chorale)
    assert (found.pitch[:, S] == score.chorale.pitch[:, S]).all()
    assert (found.pitch[:32, B] == score.chorale.pitch[:32, B]).all()


@pytest.mark.parametrize("wrong", [np.zeros((63, 4), dtype=bool), np.zeros((64, 4), dtype=int)])
def test_a_mask_of_another_shape_is_refused(score, wrong):
    with pytest.raises(UsageError, match="given cells are"):
        kept(score, wrong)


@pytest.mark.parametrize("value", [True, False])
def test_all_or_nothing_is_refused(score, value):
    with pytest.raises(UsageError, match="is given"):
        HarmonizeRequest(score, (), mask=np.full((64, 4), value))


class Found:
    """A candidate that sounds as a chorale says, in C major."""

    log_probability, penalty, ending, seed = -1.0, 0.0, "", 0

    def __init__(self, chorale):
        self.chorale = chorale


def other_music(score, cells):
    """The same notes where they are given, and elsewhere quarters a third of the way off."""
    from dataclasses import replace

    pitch = score.chorale.pitch.copy()
    tied = score.chorale.tied.copy()
    fresh = np.arange(len(pitch)) % 4 == 0
    new = np.where(pitch < 0, 60, pitch + 1)
    pitch = np.where(cells, pitch, new)
    tied = np.where(cells, tied, ~fresh[:, None])
    before = np.vstack([np.full((1, 4), -1), pitch[:-1]])
    tied &= pitch == before
    return replace(score.chorale, pitch=pitch, tied=tied)


@pytest.mark.slow
@settings(deadline=None, max_examples=15)
@given(st.lists(st.booleans(), min_size=16, max_size=16))
def test_given_notes_come_back_and_the_others_are_new(drawn):
    score = load_score(FOUR, voices=VOICES, transpose="no")
    cells = np.repeat(np.array(drawn).reshape(4, 4), 16, axis=0)
    if cells.all() or not cells.any():
        return
    request = HarmonizeRequest(score, (), mask=cells)
    result = request.result(Found(other_music(score, cells)))
    found = result.score.chorale
    assert (found.pitch[cells] == score.chorale.pitch[cells]).all()
    assert (found.pitch[~cells] == score.chorale.pitch[~cells] + 1).all()
    assert not result.notices
    written = load_score_again(result.score)
    assert (written.pitch == found.pitch).all()


def load_score_again(score):
    from bachbot.scores import render

    content = render(score, "musicxml")
    return load_score(content, voices=VOICES, key=score.chorale.key, transpose="no").chorale


def test_a_tune_and_some_bars_of_its_alto(score):
    two = load_score(FOUR, voices=(S, A), transpose="no")
    voices, cells = kept(two, "soprano,alto:2")
    request = HarmonizeRequest(two, voices, mask=cells)
    result = request.result(Found(other_music(two, cells)))
    found = load_score_again(result.score)
    assert (found.pitch[:, S] == score.chorale.pitch[:, S]).all()
    assert (found.pitch[16:32, A] == score.chorale.pitch[16:32, A]).all()
    assert (found.pitch[32:, A] == score.chorale.pitch[32:, A] + 1).all()
    assert (found.pitch[:, [T, B]] == 60).all()


def test_it_says_when_nothing_changed(score):
    bars = bars_of(score, "2-3")
    request = HarmonizeRequest(score, (S,), bars)
    same = request.result(Found(score.chorale))
    assert any("nothing changed" in notice for notice in same.notices)
    other = request.result(Found(other_music(score, request.cells)))
    assert not any("nothing changed" in notice for notice in other.notices)
    assert (other.score.chorale.pitch[:, S] == score.chorale.pitch[:, S]).all()
