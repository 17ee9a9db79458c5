"""Of a page that has one of everything, what hangs on the notes that go, goes; all else stays."""

from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest
from holes import assert_sounds, hole, measures, pitched, rewrite, saved
from made_page import PAGE
from pieces import load_clean, quietly

from bachbot.chorale import VOICES
from bachbot.scores import rewrite_bars, save_score

S, A, T, B = VOICES


def texts(score, tag):
    return [
        [len(list(m.iter(tag))) for m in measures(score, part)]
        for part in range(len(score.document.root.findall("part")))
    ]


@pytest.fixture
def page(put):
    return quietly(put("page.musicxml", PAGE), voices=VOICES)


def test_slurs_that_lose_an_end_go(page):
    assert texts(page, "slur")[0] == [2, 1, 2, 1, 0, 0]
    assert texts(rewrite(page, "1", [S])[0], "slur")[0] == [0, 1, 2, 1, 0, 0]
    assert texts(rewrite(page, "2", [S])[0], "slur")[0] == [2, 0, 1, 1, 0, 0]
    assert texts(rewrite(page, "3", [S])[0], "slur")[0] == [2, 0, 0, 0, 0, 0]
    assert texts(rewrite(page, "4", [A, T, B])[0], "slur")[0] == [2, 1, 2, 1, 0, 0]


def test_words_and_chord_symbols_go_and_directions_stay(page):
    found, _, _ = rewrite(page, "2", VOICES)
    assert texts(found, "lyric")[0] == [2, 0, 1, 0, 0, 0]
    assert texts(found, "harmony")[0] == [0] * 6
    assert texts(found, "words")[0] == [0, 1, 0, 0, 0, 0]
    kept, _, _ = rewrite(page, "2", [A, T, B])
    assert texts(kept, "lyric")[0] == [2, 2, 1, 0, 0, 0]
    assert texts(kept, "harmony")[0] == [0] * 6
    assert texts(rewrite(page, "1", VOICES)[0], "harmony")[0] == [0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("lengths", [(8,), (4, 4), (2, 4, 2), (6, 2), (3, 5), (4, 1, 3)])
def test_a_direction_stays_at_its_time(page, lengths):
    cells = hole(page.chorale.frames, [S], 8, 16)
    pitch, tied = page.chorale.pitch.copy(), page.chorale.tied.copy()
    pitch[8:16, S], tied[8:16, S] = 72, True
    tied[8 + np.cumsum((0, *lengths[:-1])), S] = False
    found = rewrite_bars(page, replace(page.chorale, pitch=pitch, tied=tied), cells)
    measure, divisions, position = measures(found, 0)[1], Fraction(1), Fraction(0)
    for element in measure:
        divisions = Fraction(element.findtext("divisions") or divisions)
        if element.tag == "direction":
            assert position + Fraction(element.findtext("offset") or 0) / divisions == 1
        position += Fraction(element.findtext("duration") or 0) / divisions
    assert position == 2
    assert texts(found, "words")[0] == [0, 1, 0, 0, 0, 0]


def test_finer_divisions_are_the_bars_own(page, tmp_path):
    found, wanted, _ = rewrite(page, "2-3", VOICES, seed=1)
    for part in range(4):
        assert texts(found, "divisions")[part][3:] == [0, 0, 0]
        assert [m.findtext("attributes/divisions") for m in measures(found, part)] == [
            "1", "4", "4", None, None, None,
        ]  # fmt: skip
    assert_sounds(quietly(saved(found, tmp_path), voices=VOICES), wanted)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # music21's own
def test_music21_hears_what_was_asked(page, tmp_path):
    from music21 import converter

    found, wanted, _ = rewrite(page, "1-4", VOICES, seed=5)
    heard = converter.parse(saved(found, tmp_path), forceSource=True).toSoundingPitch()
    for voice, part in zip(VOICES, heard.parts, strict=True):
        pitch = np.full(wanted.frames, -1)
        for note in part.flatten().notes:
            start = int(4 * note.offset)
            pitch[start : start + int(4 * note.quarterLength)] = note.pitch.midi
        assert np.array_equal(pitch, wanted.pitch[:, voice])


def test_a_part_in_b_flat_is_written_a_tone_higher(page):
    cells = hole(page.chorale.frames, [T], 8, 16)
    found = rewrite_bars(page, page.chorale, cells)
    for measure in measures(found, 2):
        (note,) = measure.findall("note")
        assert pitched(note) == ["F", "1", "4"]
        assert note.find("accidental") is None  # two sharps in its own signature
    assert found.chorale.same_music(page.chorale)


def test_a_voice_that_was_silent_in_a_bar_sings(page, tmp_path):
    found, wanted, _ = rewrite(page, "2", [B], seed=4)
    assert (wanted.pitch[8:16, B] >= 0).any()
    assert "measure" not in {k for r in measures(found, 3)[1].iter("rest") for k in r.attrib}
    assert_sounds(quietly(saved(found, tmp_path), voices=VOICES), wanted)


def test_ties_into_endings_stay_whole(page):
    def stops(score):
        return [m.find("note/tie[@type='stop']") is not None for m in measures(score, 0)]

    assert stops(page) == [False] * 4 + [True, True]
    # The first ending's note is tied and given, so that the bar before leads into both.
    assert stops(rewrite(page, "4", [S])[0])[4:] == [True, True]
    # The first ending begins anew: what led into the second has gone.
    assert stops(rewrite(page, "5", [S], seed=0)[0])[4:] == [False, False]
    # Far from there nothing changes.
    assert stops(rewrite(page, "1-2", [S])[0])[4:] == [True, True]


def test_beams_over_the_bar_line_are_cut(put):
    root = ElementTree.fromstring(PAGE)
    notes = [n for m in root.find("part").findall("measure") for n in m.findall("note")]
    for note, kind in zip(notes[:4], ("begin", "continue", "end", "begin"), strict=True):
        beam = ElementTree.Element("beam", {"number": "1"})
        beam.text = kind
        note.insert(3, beam)
    score = quietly(put("beams.musicxml", ElementTree.tostring(root)), voices=VOICES)
    assert texts(rewrite(score, "2", [S])[0], "beam")[0][0] == 0
    assert texts(rewrite(score, "3", [S])[0], "beam")[0][:2] == [2, 1]


def test_a_part_that_ends_early_is_lengthened(put, tmp_path):
    root = ElementTree.fromstring(PAGE)
    tenor = root.findall("part")[2]
    for measure in tenor.findall("measure")[3:]:
        tenor.remove(measure)
    score = quietly(put("short.musicxml", ElementTree.tostring(root)), voices=VOICES)
    found, wanted, _ = rewrite(score, "5", VOICES, seed=1)
    assert_sounds(quietly(saved(found, tmp_path), voices=VOICES), wanted)


def test_it_is_engraved(page, tmp_path):
    found, _, _ = rewrite(page, "2-3", VOICES, seed=2)
    save_score(found, tmp_path / "out.svg")
    root = ElementTree.parse(tmp_path / "out.svg").getroot()
    groups = [g.get("class", "") for g in root.iter("{http://www.w3.org/2000/svg}g")]
    written = [n for n in found.document.root.iter("note") if n.find("pitch") is not None]
    assert sum(g.split()[:1] == ["note"] for g in groups) == len(written)


def test_the_saved_page_is_loaded_without_a_notice(page, tmp_path):
    found, wanted, _ = rewrite(page, "2-3", VOICES, seed=7)
    assert_sounds(load_clean(saved(found, tmp_path), voices=VOICES), wanted)
