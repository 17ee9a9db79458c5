"""Slide shows begin every section when its slide begins, whatever the tune and the slides."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moods_made import EXAMPLES, made_mood, made_show

from bachbot import load_score
from bachbot.chorale import Voice
from bachbot.engine.slides import read_slideshow
from bachbot.errors import UsageError
from bachbot.scores import load_score as load
from bachbot.scores import render, soundings
from bachbot.scores.sound.timing import perform
from bachbot.theory.moods import MOODS

_SIX = [
    (12, "joyful", "Arrival"), (9.5, "grieving", "Farewell"), (20, "tender"), (7, "restless"),
    (15, "solemn", "The old town"), (14, "serene", "Evening"),
]  # fmt: skip


@pytest.fixture(scope="module")
def twinkle():
    score = load_score(next(path for path in EXAMPLES if path.stem == "twinkle"))
    return score, {name: made_mood(score, name) for name in MOODS}


def _onsets(result):
    """When the first note of each section is struck, as it is performed."""
    played = perform(soundings(result.score), tempo=result.score.performance)
    starts = np.array(sorted(note.start for note in played))
    return [float(starts[np.abs(starts - one.begins).argmin()]) for one in result.times], played


@pytest.mark.slow
def test_each_section_is_struck_within_a_beat_of_its_slide_and_the_music_ends_with_the_last(
    twinkle,
):
    score, moods = twinkle
    result = made_show(score, _SIX, moods)
    struck, played = _onsets(result)
    wanted = np.cumsum([0, *(slide[0] for slide in _SIX)])
    for onset, time, asked in zip(struck, result.times, wanted[:-1], strict=True):
        assert abs(onset - asked) < 60 / time.tempo
        assert abs(time.beats_off) < 0.01
    assert max(note.stop for note in played) == pytest.approx(wanted[-1], abs=0.05)
    assert result.seconds == pytest.approx(wanted[-1], abs=0.01)


_SLIDES = st.lists(
    st.tuples(st.floats(1, 20), st.sampled_from(sorted(MOODS))), min_size=1, max_size=5
)


@given(_SLIDES)
@settings(deadline=None, max_examples=6)
@pytest.mark.slow
def test_any_slides_are_on_time(twinkle, slides):
    score, moods = twinkle
    result = made_show(score, slides, moods)
    wanted = np.cumsum([0, *(slide[0] for slide in slides)])
    for time, asked in zip(result.times, wanted[:-1], strict=True):
        assert abs(time.begins - asked) * time.tempo / 60 < 1
    assert result.seconds == pytest.approx(wanted[-1], abs=0.01)
    # The last section ends as the tune ends.
    last = moods[slides[-1][1]].score.chorale
    assert result.score.chorale.pitch[-1].tolist() == last.pitch[-1].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_makes_a_show_in_the_keys_of_its_moods(path):
    score = load_score(path)
    moods = {name: made_mood(score, name) for name in MOODS}
    result = made_show(score, _SIX, moods)
    assert max(abs(time.beats_off) for time in result.times) < 0.01
    for time in result.times:
        assert time.key == moods[time.slide.mood].score.chorale.key
    # The page is read again as the same music.
    again = load(render(result.score, "musicxml"), voices=list(Voice), transpose="no")
    assert [(s.voice, s.pitch, s.start, s.length) for s in soundings(again)] == [
        (s.voice, s.pitch, s.start, s.length) for s in soundings(result.score)
    ]


@pytest.mark.slow
def test_the_page_has_keys_tempo_marks_and_titles(twinkle):
    score, moods = twinkle
    result = made_show(score, _SIX, moods)
    root = result.score.document.root
    assert [one.text for one in root.iter("rehearsal")] == [
        "1. Arrival", "2. Farewell", "3", "4", "5. The old town", "6. Evening",
    ]  # fmt: skip
    marks = [float(one.get("tempo")) for one in root.iter("sound")]
    assert marks == pytest.approx([time.tempo for time in result.times], rel=0.01)
    fifths = [signature.fifths for signature in result.score.document.signatures]
    keys = [time.key.fifths for time in result.times]
    assert fifths == [one for one, _ in groupby(keys)]


@pytest.mark.slow
def test_midi_changes_its_tempo_where_sections_begin(twinkle):
    import io

    import mido

    score, moods = twinkle
    result = made_show(score, _SIX, moods)
    file = mido.MidiFile(file=io.BytesIO(render(result.score, "midi")))
    seconds, tempo, changes = 0.0, 500_000, []
    for message in file.tracks[0]:
        seconds += mido.tick2second(message.time, file.ticks_per_beat, tempo)
        if message.type == "set_tempo":
            tempo = message.tempo
            changes.append(seconds)
    assert changes == pytest.approx([time.wanted for time in result.times], abs=0.01)


@pytest.mark.slow
def test_two_slides_of_one_mood_go_on_without_a_link(twinkle):
    score, moods = twinkle
    result = made_show(score, [(9, "tender"), (9, "tender")], moods)
    tune = moods["tender"].score.chorale.pitch[:, Voice.SOPRANO].tolist()
    made = result.score.chorale.pitch[:, Voice.SOPRANO].tolist()
    half = round(result.times[1].begins / 60 * result.times[0].tempo * 4)
    assert made[:half] == tune[:half]
    assert made[half:] == tune[-(len(made) - half) :]


def _written(tmp_path, text):
    path = tmp_path / "show.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path):
    show = read_slideshow(
        _written(
            tmp_path,
            'tune = "a.abc"\nsound = "choir"\ntitle = "Rome"\n[[slides]]\nseconds = 5\n'
            'mood = "joyful"\n[[slides]]\nseconds = 2.5\nmood = "tender"\ntitle = "Ende"\n',
        )
    )
    assert show.tune == tmp_path / "a.abc"
    assert (show.sound, show.title) == ("choir", "Rome")
    assert [(s.seconds, s.mood, s.title) for s in show.slides] == [
        (5, "joyful", ""), (2.5, "tender", "Ende"),
    ]  # fmt: skip


_GOOD = 'tune = "a.abc"\n[[slides]]\nseconds = 5\nmood = "joyful"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tune = ", "is not TOML"),
        ('tune = "a.abc"\n', r"no \[\[slides\]\]"),
        (_GOOD.replace("tune", "toon"), "unknown key 'toon': give tune, sound"),
        (_GOOD + 'moode = "x"\n', "slide 1 has the unknown key 'moode'"),
        (_GOOD.replace("joyful", "jolly"), "slide 1: 'jolly' is not a mood"),
        (_GOOD.replace("5", "0.5"), "slide 1: a slide of 0.5 seconds: give 1 to 600"),
        (_GOOD.replace("5", "nan"), "slide 1: a slide of nan seconds"),
        (_GOOD.replace("5", '"five"'), "slide 1: seconds is 'five': give a number"),
        (_GOOD.replace("5", "9" * 400), "slide 1: a slide of 1e[+]06 seconds"),
        (_GOOD.replace("seconds = 5\n", ""), "slide 1 has no seconds"),
        (_GOOD.replace('"a.abc"', "3"), "tune is '3': give text in quotes"),
        ('tune = "a.abc"\nslides = [3]\n', r"no \[\[slides\]\]"),
        (_GOOD + "[[slides]]\nseconds=5\nmood='tender'\n" * 200, "201 slides: give 1 to 200"),
        (_GOOD.replace("5", "600") + "[[slides]]\nseconds=600\nmood='tender'\n" * 3, "minutes"),
        (_GOOD.replace('tune = "a.abc"', 'tune = "a.abc"\nsound = "kazoo"'), "kazoo"),
    ],
)
def test_a_faulty_file_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(UsageError, match=message) as caught:
        read_slideshow(_written(tmp_path, text))
    assert "\n" not in str(caught.value)
