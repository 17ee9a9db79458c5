"""Bars that are rewritten sound as the chorale; the rest of the page is as it was."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from holes import PAGE, hole, refilled, unmixed
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import CHORALES, EVERYTHING, bach, quietly
from strategies import chorales

from bachbot.chorale import VOICES
from bachbot.errors import UsageError
from bachbot.scores import bars_of, from_chorale, load_score, rewritten, save_score, section_starts
from bachbot.scores.closed import closed_score
from bachbot.scores.rewrite import bar_numbers
from bachbot.scores.save import musicxml

S, A, T, B = VOICES
SHARP = {"flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "double-sharp": 2}
ORDER = (
    "grace", "chord", "cue", "pitch", "rest", "duration", "tie", "instrument", "voice", "type",
    "dot", "accidental", "time-modification", "stem", "staff", "beam", "notations", "lyric",
)  # fmt: skip


def canonical(element):
    return ElementTree.canonicalize(ElementTree.tostring(element), strip_text=True)


def pitched(note):
    return [note.findtext(f"pitch/{tag}") or "0" for tag in ("step", "alter", "octave")]


def measures(score, part):
    return score.document.part(part).findall("measure")


def rewrite(score, bars, voices, seed=0):
    """A score with bars rewritten, the chorale that was asked for, and what was given."""
    found = bars_of(score, bars)
    cells = hole(score.chorale.frames, voices, found.frames.start, found.frames.stop)
    wanted = refilled(score.chorale, cells, seed, section_starts(score))
    return rewritten(score, wanted, cells), wanted, cells


def saved(score, folder):
    path = folder / "out.musicxml"
    save_score(score, path)
    return path


def assert_sounds(again, wanted):
    assert np.array_equal(again.chorale.pitch, wanted.pitch)
    assert np.array_equal(again.chorale.tied, wanted.tied)


def closed(score, folder):
    """The score on two staves."""
    path = folder / "closed.musicxml"
    path.write_text(closed_score(musicxml(score)), encoding="utf-8")
    return quietly(path, voices=VOICES)


def in_one_part(score, folder):
    """A score of two staves as one part, as a piano has them."""
    root = ElementTree.fromstring(musicxml(score))
    upper, lower = root.findall("part")
    for low, high in zip(lower.findall("measure"), upper.findall("measure"), strict=True):
        for number, measure in enumerate((high, low), start=1):
            for note in measure.findall("note"):
                voice = note.find("voice")
                voice.text = str(int(voice.text) + 4 * (number - 1))
                staff = ElementTree.Element("staff")
                staff.text = str(number)
                place = sum(ORDER.index(child.tag) <= ORDER.index("staff") for child in note)
                note.insert(place, staff)
            for clef in measure.iter("clef"):
                clef.set("number", str(number))
        first = high.find("attributes")
        clef = low.find("attributes/clef")
        if clef is not None:
            staves = ElementTree.Element("staves")
            staves.text = "2"
            first.insert([child.tag for child in first].index("clef"), staves)
            first.append(clef)
        reached = sum(
            int(e.findtext("duration")) * (-1 if e.tag == "backup" else 1)
            for e in high
            if e.find("duration") is not None
        )
        closing = [e for e in high if e.tag == "barline" and e.get("location") != "left"]
        for barline in closing:
            high.remove(barline)
        back = ElementTree.SubElement(high, "backup")
        ElementTree.SubElement(back, "duration").text = str(reached)
        high.extend(e for e in low if e.tag in ("note", "backup", "forward"))
        high.extend(closing)
    root.remove(lower)
    root.find("part-list").remove(root.findall("part-list/score-part")[1])
    path = folder / "piano.musicxml"
    path.write_bytes(ElementTree.tostring(root))
    return quietly(path, voices=VOICES)


# Bars by their numbers


@pytest.mark.parametrize("name", CHORALES)
def test_the_pickup_is_bar_0_and_the_next_is_bar_1(name):
    score = bach(name)
    first = measures(score, 0)[0]
    pickup = first.get("implicit") == "yes" or first.get("number") == "0"
    assert bar_numbers(score)[0] == (0 if pickup else 1)
    assert bars_of(score, "1").measures.start == int(pickup)


def test_bars_are_those_printed(everything):
    score = quietly(everything)
    assert bar_numbers(score) == [0, 1, 2, 3, 4, 5, 6]
    found = bars_of(score, " 2 - 4 ")
    # A pickup of a quarter, 3 quarters, then 2, 3 and 2.
    assert (found.frames, found.measures) == (range(16, 44), range(2, 5))
    assert bars_of(score, "0").frames == range(4)
    assert bars_of(score, "0-6").frames == range(score.chorale.frames)
    assert bars_of(score, "6").measures == range(6, 7)


def test_both_parts_of_a_split_bar_have_its_number(put):
    text = EVERYTHING.replace('number="3"', 'number="X1" implicit="yes"')
    score = quietly(put("split.musicxml", text.replace('number="4"', 'number="4a"')))
    assert bar_numbers(score) == [0, 1, 2, 2, 4, 5, 6]
    assert bars_of(score, "2").measures == range(2, 4)
    with pytest.raises(UsageError, match="no bar 3"):
        bars_of(score, "1-3")


def test_numbers_that_begin_again_are_another_movement(put):
    text = EVERYTHING.replace('number="4"', 'number="1"').replace('number="5"', 'number="2"')
    score = quietly(put("two.musicxml", text))
    assert bars_of(score, "1-2").measures == range(1, 3)
    with pytest.raises(UsageError, match="no bar 6"):
        bars_of(score, "2-6")


def test_bars_without_numbers_are_counted(put):
    numbers = [f'number="{n}"' for n in range(7)]
    text = EVERYTHING
    for number in numbers:
        text = text.replace(f"<measure {number}", "<measure")
    assert bar_numbers(quietly(put("bare.musicxml", text))) == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no range of bars: give one such as 5-8, or one bar"),
        ("a-b", "'a-b' is no range"),
        ("-3", "'-3' is no range"),
        ("2-3-4", "is no range"),
        ("1.5", "is no range"),
        ("5-4", "bars 5-4 run backwards: give 4-5"),
        ("7", "the score has bars 0 to 6: it has no bar 7"),
        ("2-99", "the score has bars 0 to 6: it has no bar 99"),
    ],
)
def test_what_is_no_range_is_told_in_a_line(everything, text, message):
    with pytest.raises(UsageError) as caught:
        bars_of(quietly(everything), text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bar_that_ends_within_a_sixteenth_is_refused(put):
    text = PAGE.replace("<divisions>1<", "<divisions>8<").replace("<duration>2<", "<duration>17<")
    score = quietly(put("odd.musicxml", text), voices=VOICES)
    with pytest.raises(UsageError, match="bar 2 begins or ends within a sixteenth"):
        bars_of(score, "2")
    cells = hole(score.chorale.frames, VOICES, 9, 11)
    with pytest.raises(UsageError, match="bar 2 begins or ends within a sixteenth"):
        rewritten(score, score.chorale, cells)


# What is given


@pytest.mark.parametrize("name", CHORALES[:4])
def test_all_given_is_the_same_score(name):
    score = bach(name)
    before = musicxml(score)
    same = rewritten(score, score.chorale, np.ones((score.chorale.frames, 4), dtype=bool))
    assert same is score
    assert musicxml(same) == before


def test_what_cannot_be_is_refused(everything):
    score = bach("bwv66.6")
    cells = hole(score.chorale.frames, VOICES, 4, 20)
    with pytest.raises(UsageError, match="frames"):
        rewritten(score, score.chorale.sliced(0, 8), cells)
    with pytest.raises(UsageError, match="frames"):
        rewritten(score, score.chorale, cells[:8])
    changed = refilled(score.chorale, hole(score.chorale.frames, [T], 24, 40), seed=1)
    with pytest.raises(UsageError, match="changes the tenor in frame"):
        rewritten(score, changed, cells)
    tune = quietly(everything)
    with pytest.raises(UsageError, match="no alto, tenor, bass"):
        rewritten(tune, tune.chorale, np.ones((tune.chorale.frames, 4), dtype=bool))


# Round trips


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
    assert np.array_equal(again.chorale.place, score.chorale.place)
    assert again.chorale.same_music(found.chorale)
    clear = unmixed(wanted, cells) & unmixed(score.chorale, cells)
    assert np.array_equal(again.chorale.fermata[clear], wanted.fermata[clear])

    inside = bars_of(score, bars).measures
    for index, part in enumerate(score.document.root.findall("part")):
        here = any(score.lines[voice].part == index for voice in voices)
        changed = range(inside.start - 1, inside.stop) if here else range(0)
        for number, (old, new) in enumerate(zip(part, found.document.part(index), strict=True)):
            assert number in changed or canonical(old) == canonical(new)


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


@pytest.mark.parametrize("name", CHORALES)
def test_every_tie_that_starts_stops(name):
    score = bach(name)
    assert_ties_whole(score)
    for bar in (2, 4, 6):
        found, _, _ = rewrite(score, str(bar), VOICES, seed=bar)
        assert_ties_whole(found)


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
    found = rewritten(score, score.chorale, cells)
    for voice in (A, T, B):
        ends = {n.start + n.length for n in found.lines[voice].notes if n.fermata}
        assert held[1].start + held[1].length in ends
    silent = refilled(score.chorale, hole(score.chorale.frames, VOICES, *_ends(score, number)))
    silent = replace(silent, fermata=np.zeros(silent.frames, dtype=bool))
    found = rewritten(score, silent, hole(silent.frames, VOICES, *_ends(score, number)))
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
        found = rewritten(score, score.chorale, cells)
        again = quietly(put("again.musicxml", musicxml(found)), voices=VOICES)
        assert again.chorale.same_music(score.chorale), bars
        assert pitched(measures(found, 0)[4].find("note"))[:2] == ["E", "-2"]


# Shared staves


def assert_bars_full(part):
    for measure in part.findall("measure"):
        position = furthest = Fraction(0)
        for element in measure:
            if element.tag == "note" and element.find("chord") is not None:
                continue
            length = Fraction(element.findtext("duration") or "0")
            position += -length if element.tag == "backup" else length
            assert position >= 0
            furthest = max(furthest, position)
        assert position == furthest


def assert_accidentals(part):
    """Play every staff from the page, by signature and accidentals, in order of time."""
    fifths, ties = 0, {}
    for measure in part.findall("measure"):
        position, notes = Fraction(0), []
        for element in measure:
            fifths = int(element.findtext("key/fifths") or fifths)
            length = Fraction(element.findtext("duration") or "0")
            if element.tag == "note":
                notes.append((position, len(notes), element))
            position += -length if element.tag == "backup" else length
        seen = {}
        for _, _, note in sorted(notes, key=lambda n: n[:2]):
            if note.find("pitch") is None:
                continue
            step, octave = note.findtext("pitch/step"), note.findtext("pitch/octave")
            where = note.findtext("staff") or "1", step, octave
            signature = (fifths - "FCGDAEB".index(step) + 6) // 7
            shown = note.findtext("accidental")
            voice = note.findtext("voice")
            if note.find("tie[@type='stop']") is not None and (voice, *where) in ties:
                alter = ties[(voice, *where)]
            else:
                alter = SHARP[shown] if shown else seen.get(where, signature)
                seen[where] = alter
            assert alter == int(note.findtext("pitch/alter") or 0)
            ties[(voice, *where)] = alter


@pytest.mark.parametrize("name", ["bwv66.6", "bwv121.6", "bwv324"])
@pytest.mark.parametrize("voices", [VOICES, (A,), (S, B)])
@pytest.mark.parametrize("staves", ["parts", "one part"])
def test_two_voices_on_a_staff_are_rewritten_there(name, voices, staves, tmp_path):
    score = closed(bach(name), tmp_path)
    if staves == "one part":
        score = in_one_part(score, tmp_path)
    assert len(score.document.root.findall("part")) == (1 if staves == "one part" else 2)
    found, wanted, _ = rewrite(score, "2-4", voices, seed=2)
    again = quietly(saved(found, tmp_path), voices=VOICES)
    assert_sounds(again, wanted)
    for part in found.document.root.findall("part"):
        assert_bars_full(part)
        assert_accidentals(part)
    inside = bars_of(score, "2-4").measures
    for voice in VOICES:
        pair = [_own(s, s.lines[voice]) for s in (score, found)]
        kept = range(len(pair[0])) if voice not in voices else range(inside.stop, len(pair[0]))
        assert all(pair[0][i] == pair[1][i] for i in kept)
        stems = {t.text for n in pair_notes(found, voice) for t in n.findall("stem")}
        assert stems == {"up" if voice in (S, T) else "down"}


def pair_notes(score, voice):
    line = score.lines[voice]
    return [
        n
        for m in measures(score, line.part)
        for n in m.findall("note")
        if n.findtext("voice") in line.voices and (n.findtext("staff") or "1") == line.staff
    ]


def _own(score, line):
    """The notes of a line in every bar; a shared staff may have asked for an accidental.

    Durations are in quarter notes: the bar may have got finer divisions.
    """
    bars, divisions = [], Fraction(1)
    for measure in measures(score, line.part):
        notes = []
        for note in measure:
            divisions = Fraction(note.findtext("divisions") or divisions)
            if note.findtext("voice") in line.voices:
                note = ElementTree.fromstring(ElementTree.tostring(note))
                for accidental in note.findall("accidental"):
                    note.remove(accidental)
                duration = note.find("duration")
                duration.text = str(Fraction(duration.text) / divisions)
                notes.append(canonical(note))
        bars.append(notes)
    return bars


def test_of_two_voices_the_outer_shows_the_fermata(tmp_path):
    score = closed(bach("bwv66.6"), tmp_path)
    cells = hole(score.chorale.frames, VOICES, 0, score.chorale.frames)
    found = rewritten(score, score.chorale, cells)
    kinds = {
        voice: {f.get("type") for n in pair_notes(found, voice) for f in n.iter("fermata")}
        for voice in VOICES
    }
    assert kinds == {S: {"upright"}, A: set(), T: set(), B: {"inverted"}}
    assert found.chorale.same_music(score.chorale)


# The made-up page


@pytest.fixture
def page(put):
    return quietly(put("page.musicxml", PAGE), voices=VOICES)


def texts(score, tag):
    return [
        [len(list(m.iter(tag))) for m in measures(score, part)]
        for part in range(len(score.document.root.findall("part")))
    ]


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
    found = rewritten(page, replace(page.chorale, pitch=pitch, tied=tied), cells)
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
    found = rewritten(page, page.chorale, cells)
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


def test_the_saved_page_is_loaded_without_a_warning(page, tmp_path):
    found, wanted, _ = rewrite(page, "2-3", VOICES, seed=7)
    assert_sounds(load_score(saved(found, tmp_path), voices=VOICES), wanted)
