"""Bars that are rewritten sound as the chorale; the rest of the page is as it was."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from holes import (
    ORDER,
    assert_sounds,
    canonical,
    hole,
    measures,
    pitched,
    refilled,
    rewrite,
    saved,
    unmixed,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from made_page import PAGE
from pieces import CHORALES, bach, quietly
from strategies import chorales

from bachbot.chorale import VOICES
from bachbot.errors import UsageError
from bachbot.scores import bars_of, from_chorale, rewrite_bars
from bachbot.scores.bars import bar_numbers
from bachbot.scores.save import musicxml

S, A, T, B = VOICES


@pytest.mark.parametrize("name", CHORALES[:4])
def test_all_given_is_the_same_score(name):
    score = bach(name)
    before = musicxml(score)
    same = rewrite_bars(score, score.chorale, np.ones((score.chorale.frames, 4), dtype=bool))
    assert same is score
    assert musicxml(same) == before


def test_what_cannot_be_is_refused(everything):
    score = bach("bwv66.6")
    cells = hole(score.chorale.frames, VOICES, 4, 20)
    with pytest.raises(UsageError, match="frames"):
        rewrite_bars(score, score.chorale.sliced(0, 8), cells)
    with pytest.raises(UsageError, match="frames"):
        rewrite_bars(score, score.chorale, cells[:8])
    changed = refilled(score.chorale, hole(score.chorale.frames, [T], 24, 40), seed=1)
    with pytest.raises(UsageError, match="changes the tenor in frame"):
        rewrite_bars(score, changed, cells)
    tune = quietly(everything)
    with pytest.raises(UsageError, match="no alto, tenor, bass"):
        rewrite_bars(tune, tune.chorale, np.ones((tune.chorale.frames, 4), dtype=bool))


@pytest.mark.slow
@pytest.mark.parametrize("name", CHORALES)
@pytest.mark.parametrize("voices", [VOICES, (A, T, B), (S,)])
def test_bachs_bars_are_rewritten_in_place(name, voices, tmp_path):
    score = bach(name)
    numbers = bar_numbers(score)
    bars = f"{numbers[len(numbers) // 3]}-{numbers[len(numbers) // 3 + 2]}"
    before = musicxml(score)
    found, wanted, cells = rewrite(score, bars, voices, seed=len(name))
    assert musicxml(score) == before

    again = quietly(saved(found, tmp_path), voices=VOICES)
    assert_sounds(again, wanted)
    assert np.array_equal(again.chorale.position, score.chorale.position)
    assert again.chorale.same_music(found.chorale)
    clear = unmixed(wanted, cells) & unmixed(score.chorale, cells)
    assert np.array_equal(again.chorale.fermata[clear], wanted.fermata[clear])

    inside = bars_of(score, bars).measures
    for index, part in enumerate(score.document.root.findall("part")):
        here = any(score.lines[voice].part == index for voice in voices)
        changed = range(inside.start - 1, inside.stop) if here else range(0)
        for number, (old, new) in enumerate(zip(part, found.document.part(index), strict=True)):
            assert number in changed or canonical(old) == canonical(new)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHORALES)
def test_the_bar_before_changes_in_its_tie_alone(name):
    score = bach(name)
    found, _, _ = rewrite(score, str(bar_numbers(score)[-2]), VOICES)
    edge = bars_of(score, str(bar_numbers(score)[-2])).measures.start - 1
    for voice in VOICES:
        pair = [measures(s, s.lines[voice].part)[edge] for s in (score, found)]
        texts = []
        for measure in pair:
            for note in measure.findall("note"):
                for tie in note.findall("tie[@type='start']"):
                    note.remove(tie)
                for notations in note.findall("notations"):
                    for tied in notations.findall("tied[@type='start']"):
                        notations.remove(tied)
                    if not len(notations):
                        note.remove(notations)
            texts.append(canonical(measure))
        assert texts[0] == texts[1]


@pytest.mark.slow
@settings(max_examples=40)
@given(
    chorale=chorales(min_frames=20, max_frames=90, low=40, high=80),
    voices=st.sets(st.sampled_from(VOICES), min_size=1),
    data=st.data(),
)
def test_any_bars_of_any_chorale(chorale, voices, data, tmp_path_factory):
    score = from_chorale(chorale, "Made up")
    numbers = bar_numbers(score)
    low = data.draw(st.sampled_from(numbers))
    high = data.draw(st.sampled_from([n for n in numbers if n >= low]))
    found, wanted, cells = rewrite(score, f"{low}-{high}", sorted(voices), seed=chorale.frames)
    assert np.array_equal(wanted.pitch[cells], chorale.pitch[cells])
    inside = bars_of(score, f"{low}-{high}").measures
    for voice in VOICES:
        pair = [measures(s, int(voice)) for s in (score, found)]
        kept = [i for i in range(len(pair[0])) if voice not in voices or i not in inside]
        edge = inside.start - 1 if voice in voices else None
        assert all(canonical(pair[0][i]) == canonical(pair[1][i]) for i in kept if i != edge)
    assert_ties_whole(found)
    for voice in VOICES:
        # Read here by the durations alone, beside the reader of the package.
        frame, sounds = 0, np.full(chorale.frames, -1)
        for note in found.document.part(int(voice)).iterfind("measure/note"):
            length = int(note.findtext("duration"))
            if note.find("rest") is None:
                step = "C D EF G A B".index(note.findtext("pitch/step"))
                alter = int(note.findtext("pitch/alter") or 0)
                octave = int(note.findtext("pitch/octave"))
                sounds[frame : frame + length] = 12 * (octave + 1) + step + alter
            frame += length
        assert frame == chorale.frames
        assert np.array_equal(sounds, wanted.pitch[:, voice])
        onsets = {int(n.start * 4) for n in found.lines[voice].notes if not n.tied}
        assert onsets == set(np.flatnonzero(wanted.onset[:, voice]).tolist())


def assert_ties_whole(score):
    for voice in VOICES:
        notes = [n for m in measures(score, score.lines[voice].part) for n in m.findall("note")]
        notes = [n for n in notes if n.find("grace") is None]
        for before, after in pairwise(notes):
            starts = before.find("tie[@type='start']") is not None
            assert starts == (after.find("tie[@type='stop']") is not None)
            assert starts == (after.find("notations/tied[@type='stop']") is not None)
            assert starts == (before.find("notations/tied[@type='start']") is not None)
            assert not starts or pitched(before) == pitched(after)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHORALES)
def test_every_tie_that_starts_stops(name):
    score = bach(name)
    assert_ties_whole(score)
    for bar in (2, 4, 6):
        found, _, _ = rewrite(score, str(bar), VOICES, seed=bar)
        assert_ties_whole(found)


@pytest.mark.slow
def test_rewritten_notes_have_their_children_in_order():
    for name in CHORALES[:4]:
        found, _, _ = rewrite(bach(name), "2-4", VOICES)
        for note in found.document.root.iter("note"):
            ranks = [ORDER.index(child.tag) for child in note]
            assert ranks == sorted(ranks)


def test_fermatas_of_lower_voices_are_the_sopranos():
    score = bach("bwv66.6")
    held = [n for n in score.lines[S].notes if n.fermata]
    bar = max(i for i, b in enumerate(score.document.bars) if b.start <= held[1].start)
    number = str(bar_numbers(score)[bar])
    cells = hole(score.chorale.frames, [A, T, B], *_ends(score, number))
    found = rewrite_bars(score, score.chorale, cells)
    for voice in (A, T, B):
        ends = {n.start + n.length for n in found.lines[voice].notes if n.fermata}
        assert held[1].start + held[1].length in ends
    silent = refilled(score.chorale, hole(score.chorale.frames, VOICES, *_ends(score, number)))
    silent = replace(silent, fermata=np.zeros(silent.frames, dtype=bool))
    found = rewrite_bars(score, silent, hole(silent.frames, VOICES, *_ends(score, number)))
    start, stop = (Fraction(f, 4) for f in _ends(score, number))
    for voice in VOICES:
        inside = [n for n in found.lines[voice].notes if start <= n.start < stop]
        assert inside
        assert not any(n.fermata for n in inside)


def _ends(score, bars):
    frames = bars_of(score, bars).frames
    return frames.start, frames.stop


def test_a_tied_note_keeps_its_name_over_the_edge(put):
    # E double flat, which none but the bars that are kept tell from D.
    text = PAGE.replace("<step>D</step>", "<step>E</step><alter>-2</alter>")
    score = quietly(put("page.musicxml", text), voices=VOICES)
    for bars, frames in (("4", (24, 32)), ("5", (32, 40))):
        cells = hole(score.chorale.frames, [S], *frames)
        found = rewrite_bars(score, score.chorale, cells)
        again = quietly(put("again.musicxml", musicxml(found)), voices=VOICES)
        assert again.chorale.same_music(score.chorale), bars
        assert pitched(measures(found, 0)[4].find("note"))[:2] == ["E", "-2"]
