"""Chords and voices of a staff become the lines that singers take from it."""

import pytest
from holes import assert_sounds, rewrite
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import followed
from small_musicxml import back, bars, kinds, note, pitches, read, skip, sung, voice

from bachbot.chorale import VOICES, Voice
from bachbot.errors import ScoreError
from bachbot.scores import complete, load_score
from bachbot.scores.pitch import spelled_pitch
from bachbot.scores.save import musicxml

S, A, T, B = VOICES
TUNE = "G4 A4 B4 C5"
HIGH = bars(voice("E4+G4 F4+A4 G4+B4 G4+C5"), voice("G4+D5:4"))
LOW = bars(voice("C3+C4 F3+C4 G3+D4 C3+E4"), voice("B2+D4:4"))
FOUR = [[67, 69, 71, 72, 74], [64, 65, 67, 67, 67], [60, 60, 62, 64, 62], [48, 53, 55, 48, 47]]


def four(*parts, **options):
    """The pitches of the four voices of a score."""
    loaded = read(*parts, voices=VOICES, **options)
    return [pitches(loaded, v) for v in VOICES]


def piano(high, low, length=4):
    """Two staves of one part."""
    return bars(
        *(a + back(length) + b for a, b in zip(high, low, strict=True)),
        attributes="<staves>2</staves>",
    )


def test_the_top_note_of_a_chord_is_the_melody_and_it_is_said():
    loaded = read(bars(voice("G4 C4+E4+A4 B4+G4 C5")))
    assert pitches(loaded) == [67, 69, 71, 72]
    assert [n.message for n in loaded.notices] == [
        "the soprano has 2 chords: the top notes are read"
    ]


def test_the_bottom_note_of_a_chord_is_the_given_bass():
    loaded = read(bars(voice("C3+C4 G2 F3+A2 C3:1")), voices=[B])
    assert pitches(loaded, B) == [48, 43, 45, 48]
    assert "the bass has 2 chords: the bottom notes are read" in str(loaded.notices[0])


def test_the_page_has_the_top_note_alone_with_the_words_and_marks_of_the_chord():
    marks = (
        '<beam number="1">begin</beam><notations><slur type="start" number="1"/><fermata/>'
        "<technical><fingering>1</fingering></technical></notations>"
        "<lyric><syllabic>single</syllabic><text>Lord</text></lyric>"
    )
    loaded = read(bars(note("E4+G4", 4, more=marks), voice("F4:4")))
    page = complete(loaded, followed(loaded.chorale), [S]).document.root
    first, second = page.find("part").iter("note")
    assert first.find("chord") is None
    assert first.findtext("pitch/step") == "G"
    assert first.findtext("lyric/text") == "Lord"
    assert first.find("beam") is not None
    assert [mark.tag for mark in first.find("notations")] == ["slur", "fermata"]
    assert second.findtext("pitch/step") == "F"
    assert loaded.lines[S].notes[0].fermata


def test_a_tie_of_the_top_note_is_kept_and_a_tie_of_another_is_not():
    tie = '<tie type="{0}"/><notations><tied type="{0}"/></notations>'

    def chord(low, top, low_tie="", top_tie=""):
        notes = (
            note(low, 4, more=low_tie),
            note(top, 4, more=top_tie).replace("<note>", "<note><chord/>"),
        )
        return "".join(notes)

    start, stop = tie.format("start"), tie.format("stop")
    held = read(bars(chord("E4", "G4", "", start), chord("F4", "G4", "", stop)))
    assert [n.tied for n in held.lines[S].notes] == [False, True]
    other = read(bars(chord("E4", "G4", start), chord("E4", "A4", stop)))
    assert [n.tied for n in other.lines[S].notes] == [False, False]
    assert "<tie " not in musicxml(complete(other, followed(other.chorale), [S])).split("P2")[1]


@pytest.mark.parametrize("form", ["chords", "voices", "mixed", "piano"])
def test_two_staves_of_two_notes_are_four_voices(form):
    high = voice("G4 A4 B4 C5") + back() + voice("E4 F4 G4 G4", 2)
    if form == "chords":
        found = four(HIGH, LOW)
    elif form == "voices":
        upper = bars(high, voice("D5:4") + back() + voice("G4:4", 2))
        lower = bars(
            voice("C4 C4 D4 E4") + back() + voice("C3 F3 G3 C3", 2),
            voice("D4:4") + back() + voice("B2:4", 2),
        )
        found = four(upper, lower)
    elif form == "mixed":
        found = four(bars(high, voice("G4+D5:4")), LOW)
    else:
        low = voice("C3+C4 F3+C4 G3+D4 C3+E4", 5, staff="2"), voice("B2+D4:4", 5, staff="2")
        top = voice("E4+G4 F4+A4 G4+B4 G4+C5", staff="1"), voice("G4+D5:4", staff="1")
        found = four(piano(top, low))
    assert found == FOUR


def test_where_a_voice_has_neither_note_nor_rest_it_sings_with_the_other():
    upper = bars(
        voice("G4+E4 A4 B4+G4 C5"),
        voice("D5:4") + back() + voice("G4:2", 2) + voice("r:2", 2),
        voice("E5:2") + back(2) + voice("r:2", 2) + voice("C5:2"),
    )
    loaded = read(upper, bars(voice("C3+C4:4"), voice("B2+D4:4"), voice("C3+E4:4")), voices=VOICES)
    # Bar 1: chords and unisons. Bar 2: a rest of the alto. Bar 3: it rests and joins in.
    assert sung(loaded, S) == [(67, 1), (69, 1), (71, 1), (72, 1), (74, 4), (76, 2), (72, 2)]
    assert sung(loaded, A) == [(64, 1), (69, 1), (67, 1), (72, 1), (67, 2), (72, 2)]


def test_a_part_of_keyboard_music_is_not_four_voices_and_its_top_is_a_tune():
    thick = bars(voice("C4+E4+G4+C5 C4+F4+A4 B3+D4+G4 C4+E4+G4"))
    with pytest.raises(ScoreError, match="more than two notes at a time"):
        read(thick, LOW, voices=VOICES)
    assert pitches(read(thick, LOW)) == [72, 69, 67, 67]


def test_the_inner_notes_of_a_few_thicker_chords_are_left_out():
    upper = bars(voice("E4+G4 F4+A4 D4+G4+B4 G4+C5"), voice("G4+D5:4"))
    found = four(upper, LOW)
    assert found[0] == FOUR[0]
    assert found[1] == [64, 65, 62, 67, 67]


def test_parts_named_after_two_voices_are_read_beside_a_piano():
    keyboard = bars(voice("C4+E4+G4:4"), voice("B3+D4+G4:4"))
    for names in (
        ("Soprano Alto", "Tenor Bass"),
        ("S./A.", "T./B."),
        ("Women", "Men"),
        ("SA", "TB"),
    ):
        parts = (names[0], HIGH), (names[1], LOW), ("Piano", keyboard)
        loaded = read(*parts, voices=VOICES)
        assert [pitches(loaded, v) for v in VOICES] == FOUR
        assert "Piano is ignored" in str(loaded.notices[0])


def test_four_staves_of_one_part_are_four_voices():
    rows = [voice(f"{pitch}:4", 4 * i + 1, staff=str(i + 1)) for i, pitch in
            enumerate(("C5", "G4", "E4", "C3"))]  # fmt: skip
    found = four(bars(back().join(rows), attributes="<staves>4</staves>"))
    assert found == [[72], [67], [64], [48]]


def test_the_higher_voice_of_a_staff_is_the_tune_and_it_is_said():
    upper = bars(voice("E4 F4 G4 G4") + back() + voice(TUNE, 2))
    loaded = read(upper)
    assert pitches(loaded) == [67, 69, 71, 72]
    assert kinds(loaded) == ["parts", "voices"]
    page = complete(loaded, followed(loaded.chorale), [S]).document
    assert [n.pitch for n in page.lines_of(0)[0].notes] == [67, 69, 71, 72]


def test_a_few_notes_above_the_tune_and_crossings_leave_it_the_tune():
    crossing = voice("G4 A4 E4 C5") + back() + voice("E4 F4 G4 G4", 2)
    assert pitches(read(bars(crossing))) == [67, 69, 64, 72]
    ornament = voice(TUNE) + back() + skip(3) + voice("E5", 2)
    assert pitches(read(bars(ornament))) == [67, 69, 71, 72]


def test_notes_of_one_voice_that_overlap_are_taken_apart():
    loaded = read(bars(voice("G4:4") + back() + voice("E4 F4 G4 E4"), voice("A4:4")))
    assert sung(loaded)[0] == (67, 4)
    assert pitches(loaded)[-1] == 69


def test_rests_of_voices_that_take_turns_are_no_time_of_the_line():
    """Each voice has a rest of a bar where the other sings."""
    loaded = read(
        bars(
            voice("G4 A4 B4 C5") + back() + voice("r:4", 2),
            voice("r:4") + back() + voice("D5:4", 2),
        )
    )
    assert sung(loaded) == [(67, 1), (69, 1), (71, 1), (72, 1), (74, 4)]
    full = complete(loaded, followed(loaded.chorale), [S])
    assert [float(bar.length) for bar in full.document.bars] == [4, 4]


def test_an_accidental_that_another_voice_showed_is_written():
    sharp = note("F#4", 1, 2, more="<accidental>sharp</accidental>")
    upper = bars(voice("A4 F#4 G4:2") + back() + sharp + voice("D4 D4:2", 2))
    loaded = read(upper)
    page = complete(loaded, followed(loaded.chorale), [S]).document.root
    shown = [n.findtext("accidental") for n in page.find("part").iter("note")]
    assert shown == [None, "sharp", None, None][: len(shown)]


def test_bars_of_chords_are_rewritten_on_their_staff():
    loaded = read(HIGH, LOW, voices=VOICES)
    found, wanted, _ = rewrite(loaded, "2", VOICES)
    assert_sounds(found, wanted)
    again = load_score(musicxml(found).encode(), format="musicxml", voices=VOICES)
    assert_sounds(again, wanted)
    assert len(found.document.root.findall("part")) == 2


@pytest.mark.slow
@settings(max_examples=60)
@given(data=st.data())
def test_four_voices_come_back_however_their_staves_are_written(data):
    """Each bar of each staff is written in two voices or, where they move together, as chords."""
    rows = [[], []]
    truth = {v: [] for v in VOICES}
    count = data.draw(st.integers(1, 4))
    ranges = {S: (72, 79), A: (60, 71), T: (55, 66), B: (40, 54)}
    for _ in range(count):
        for staff, (upper, lower) in enumerate(((S, A), (T, B))):
            together = data.draw(st.booleans())
            lengths = [data.draw(st.sampled_from([(4,), (2, 2), (1, 3), (1, 1, 2)]))]
            lengths.append(lengths[0] if together else data.draw(st.sampled_from([(4,), (3, 1)])))
            heights = [
                [data.draw(st.integers(*ranges[v])) for _ in own]
                for v, own in zip((upper, lower), lengths, strict=True)
            ]
            for v, own, high in zip((upper, lower), lengths, heights, strict=True):
                truth[v] += list(zip(high, map(float, own), strict=True))
            words = [[_name(midi) for midi in high] for high in heights]
            if together:
                chords = zip(*words, lengths[0], strict=True)
                text = voice(" ".join(f"{b}+{a}:{q}" for a, b, q in chords))
            else:
                first, second = (
                    voice(" ".join(f"{n}:{q}" for n, q in zip(w, own, strict=True)), i + 1)
                    for i, (w, own) in enumerate(zip(words, lengths, strict=True))
                )
                text = first + back() + second
            rows[staff].append(text)
    loaded = read(bars(*rows[0]), bars(*rows[1]), voices=VOICES)
    assert {v: sung(loaded, v) for v in VOICES} == truth
    again = load_score(musicxml(loaded).encode(), format="musicxml", voices=VOICES)
    assert {v: sung(again, v) for v in VOICES} == truth


def _name(midi):
    step, alter, octave = spelled_pitch(midi, (7 * midi + 5) % 12 - 5)
    return step + {-1: "b", 0: "", 1: "#"}[alter] + str(octave)


def test_a_score_without_the_voice_says_so():
    with pytest.raises(ScoreError, match="no part for soprano and alto"):
        read(bars(voice(TUNE)), voices=[S, A])


def test_the_bass_of_one_part_with_two_staves_is_at_the_bottom():
    low = [voice("C3 F3 G3 C3", 5, staff="2")]
    loaded = read(piano([voice(TUNE, staff="1")], low), voices=[Voice.BASS])
    assert pitches(loaded, B) == [48, 53, 55, 48]


def test_chords_in_two_voices_of_abc_are_four_voices():
    tune = (
        b"X:1\nM:4/4\nL:1/4\nK:C\nV:1\n[EG][FA][GB][Gc]|[GD]4|\n"
        b"V:2 clef=bass\n[C,C][F,C][G,D][C,E]|[B,,D]4|\n"
    ).replace(b"[GD]4", b"[Gd]4")
    loaded = load_score(tune, voices=VOICES)
    assert [pitches(loaded, v) for v in VOICES] == FOUR


def test_a_longer_bar_of_another_voice_of_abc_changes_nothing():
    tune = b"X:1\nM:4/4\nL:1/4\nK:C\nV:1\nGABc|dcBA|G4|\nV:2\nC4 C4|C4|C4|\n"
    loaded = load_score(tune)
    assert sung(loaded) == [(p, 1) for p in (67, 69, 71, 72, 74, 72, 71, 69)] + [(67, 4)]
