"""Practice tracks: levels, what is left out, and count-ins, by known answers."""

import io
from fractions import Fraction

import numpy as np
import pytest
import soundfile

from bachbot.chorale import VOICES
from bachbot.errors import OutputError, ScoreError, UsageError
from bachbot.scores import load_score, load_sheet
from bachbot.scores.grid import Bar
from bachbot.scores.practice import PracticeOptions, practice, practice_files, save_practice
from bachbot.scores.practice.tracks import beat_of, beats_of_bars, count_in
from bachbot.scores.sheet import sheet_soundings
from bachbot.scores.sound.audio import RATE, play_notes
from bachbot.scores.sound.mixing import loudness, normalize_loudness
from bachbot.scores.sound.timing import perform

# No overtone of one voice is near the fundamental of another.
PITCHES = {"soprano": 78, "alto": 68, "tenor": 64, "bass": 48}
CHORD = b"X:1\nT:Chord\nM:4/4\nL:1/4\nK:C\nV:1\n^f8|\nV:2\n^G8|\nV:3\nE8|\nV:4\nC,8|\n"
FAST = PracticeOptions(tempo=240, count_in=0)


@pytest.fixture(scope="module")
def tracks():
    return {track.label: track.samples for track in practice(load_sheet(CHORD), FAST)}


def level(samples, voice):
    """Decibels at the fundamental of a voice, while the chord sounds."""
    mono = samples[RATE // 4 : RATE * 7 // 4].sum(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) ** 2
    frequency = np.fft.rfftfreq(len(mono), 1 / RATE)
    near = np.abs(frequency - 440 * 2 ** ((PITCHES[voice] - 69) / 12)) < 6
    return 10 * np.log10(spectrum[near].sum())


def test_each_voice_has_two_tracks(tracks):
    kinds = [f"{v} {kind}" for v in PITCHES for kind in ("forward", "left out")]
    assert list(tracks) == ["all voices", *kinds]


@pytest.mark.parametrize("voice", PITCHES)
def test_a_voice_is_forward_by_twelve_decibels(tracks, voice):
    for other in PITCHES:
        difference = {
            name: level(tracks[name], voice) - level(tracks[name], other)
            for name in ("all voices", f"{voice} forward")
        }
        more = difference[f"{voice} forward"] - difference["all voices"]
        assert more == pytest.approx(0 if other == voice else 12, abs=0.3)


@pytest.mark.parametrize("voice", PITCHES)
def test_a_voice_is_left_out_and_the_others_stay(tracks, voice):
    whole, without = tracks["all voices"], tracks[f"{voice} left out"]
    lost = level(without, voice) - level(whole, voice)
    assert lost < -25  # what is left are overtones of the others
    for other in PITCHES.keys() - {voice}:
        assert abs(level(without, other) - level(whole, other)) < 4


@pytest.mark.parametrize("number", range(4))
def test_a_track_without_a_voice_is_the_sound_of_the_others(tracks, number):
    played = perform(sheet_soundings(load_sheet(CHORD)), tempo=240)
    others = play_notes([note for note in played if note.voice != number], "organ")
    found = tracks[f"{list(PITCHES)[number]} left out"]
    assert np.allclose(found, normalize_loudness(others, RATE), atol=1e-6)


def test_all_tracks_are_equally_loud(tracks):
    for samples in tracks.values():
        assert loudness(samples, RATE) == pytest.approx(-20, abs=0.2)


def test_the_level_can_be_chosen():
    options = PracticeOptions(tempo=240, count_in=0, soft=0)
    whole, forward, *_ = (track.samples for track in practice(load_sheet(CHORD), options))
    assert np.allclose(whole, forward, atol=1e-6)


@pytest.mark.parametrize(
    ("bars", "count", "beats", "seconds"),
    [
        ([Bar(Fraction(0), Fraction(4))], 1, 4, 2.0),
        ([Bar(Fraction(0), Fraction(4))], 2, 8, 4.0),
        ([Bar(Fraction(0), Fraction(4))], 0, 0, 0.0),
        # A pickup of one quarter: a whole bar, and three beats of the pickup's.
        ([Bar(Fraction(0), Fraction(1)), Bar(Fraction(1), Fraction(4))], 1, 7, 3.5),
        ([Bar(Fraction(0), Fraction(3), 3, 4)], 1, 3, 1.5),
        ([Bar(Fraction(0), Fraction(3), 6, 8)], 1, 2, 1.5),
        # A pickup of an eighth in 6/8: the second beat of its bar is counted, and it follows.
        (
            [Bar(Fraction(0), Fraction(1, 2), 6, 8), Bar(Fraction(1, 2), Fraction(3), 6, 8)],
            1,
            4,
            2.75,
        ),
    ],
)
def test_the_count_in_has_the_beats_before_the_music(bars, count, beats, seconds):
    found, start = count_in(bars, count, tempo=120)
    assert (len(found), start) == (beats, seconds)
    assert [accented for _, accented in found][:1] == [True] * bool(count)
    step = float(beat_of(bars[0])) / 2
    assert [time for time, _ in found] == pytest.approx([step * n for n in range(beats)])


def test_the_beats_of_a_piece_with_a_pickup():
    bars = [Bar(Fraction(0), Fraction(1)), Bar(Fraction(1), Fraction(4))]
    assert beats_of_bars(bars) == [(0, False), (1, True), (2, False), (3, False), (4, False)]


def test_the_music_begins_after_the_count_in():
    pickup = load_sheet(b"X:1\nM:3/4\nL:1/4\nK:C\nG|c2 c|c3|]\n")
    lengths, heard = {}, {}
    for count in (0, 1):
        options = PracticeOptions(tempo=120, count_in=count)
        [track] = practice(pickup, options)
        lengths[count], heard[count] = len(track.samples), track.samples
    start = round(2.5 * RATE)  # three beats and two
    assert lengths[1] - lengths[0] == start
    assert np.array_equal(heard[1][start + RATE // 10 :], heard[0][RATE // 10 :])
    clicks = np.abs(heard[1][:start]).max(axis=1).reshape(5, -1)
    assert (clicks[:, : RATE // 20].max(axis=1) > 0.1).all()
    assert not clicks[:, RATE // 10 :].any()


def test_clicks_follow_the_beats_and_fermatas_are_held():
    plain = load_sheet(b"X:1\nM:4/4\nL:1/4\nK:C\nc d e f|g4|]\n")
    held = load_sheet(b"X:1\nM:4/4\nL:1/4\nK:C\nc d e Hf|g4|]\n")
    options = PracticeOptions(tempo=120, count_in=0)
    [a], [b] = practice(plain, options), practice(held, options)
    # The last quarter is 1.8 times as long, and a breath follows.
    assert (len(b.samples) - len(a.samples)) / RATE == pytest.approx(0.8 * 0.5 + 0.15, abs=0.1)
    [c] = practice(plain, PracticeOptions(tempo=120, count_in=0, click=True))
    clicks = c.samples - a.samples
    for beat in range(4):
        around = np.abs(clicks[round(beat * 0.5 * RATE) :][: RATE // 20]).max()
        between = np.abs(clicks[round((beat * 0.5 + 0.2) * RATE) :][: RATE // 20]).max()
        assert around > 20 * between


def test_a_score_of_two_voices_and_one_of_one():
    two = load_score(CHORD, voices=[VOICES[0], VOICES[3]])
    labels = [track.label for track in practice(two, FAST)]
    assert labels[1:3] == ["soprano forward", "soprano left out"]
    assert labels[3:] == ["bass forward", "bass left out"]
    [only] = practice(load_score(CHORD), FAST)
    assert only.kind == "whole"


def test_a_closed_score_is_for_four_voices():
    closed = b"X:1\nL:1/2\nK:C\nV:1\n[Ec][Fc]|[Ge]2|\nV:2 clef=bass\n[C,G,][F,A,]|[C,C]2|\n"
    names = practice_files(load_sheet(closed))
    assert [name for name in names if name.endswith(".pdf")] == [
        "1-soprano.pdf", "2-alto.pdf", "3-tenor.pdf", "4-bass.pdf",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["mp3", "flac", "wav"])
def test_files_name_the_piece_and_the_voice(tmp_path, format_):
    sheet = load_sheet(
        "X:1\nT:Für zwei\nL:1/1\nK:C\nV:1 name=Oben\nc|\nV:2 name=Unten\nC|\n".encode()
    )
    names = practice_files(sheet, format_)
    outcomes = list(save_practice(sheet, tmp_path, FAST, format=format_))
    assert [path.name for path, _ in outcomes] == names
    assert all(error is None for _, error in outcomes)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    content = (tmp_path / f"1-oben-forward.{format_}").read_bytes()
    title = "Für zwei: Oben forward"
    if format_ == "mp3":
        assert content[:3] == b"ID3"
        assert title.encode("utf-16") in content
    else:
        found = soundfile.SoundFile(io.BytesIO(content))
        assert (found.title, found.artist, found.album) == (title, "Oben", "Für zwei")
    samples, rate = soundfile.read(io.BytesIO(content))
    assert rate == RATE
    assert np.abs(samples).max() > 0.01


def test_a_file_that_cannot_be_written_costs_no_other(tmp_path):
    sheet = load_sheet(b"X:1\nL:1/1\nK:C\nc|\n")
    (tmp_path / "0-all-voices.wav").mkdir()
    (_, first), (page, second) = save_practice(sheet, tmp_path, FAST, format="wav")
    assert isinstance(first, OutputError)
    assert second is None
    assert page.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tempo": 5}, "a tempo of 5"),
        ({"soft": -1}, "softer by -1 dB"),
        ({"count_in": 9}, "a count-in of 9 bars"),
        ({"sound": "kazoo"}, "'kazoo' is not a sound"),
    ],
)
def test_options_out_of_range(options, said):
    with pytest.raises(UsageError, match=said):
        PracticeOptions(**options)


def test_too_many_voices_and_no_notes():
    many = b"X:1\nL:1/1\nK:C\n" + b"".join(b"V:%d\nc|\n" % n for n in range(1, 14))
    with pytest.raises(ScoreError, match="13 voices"):
        practice_files(load_sheet(many))
    with pytest.raises(ScoreError, match="no notes to sing"):
        practice_files(load_sheet(b"X:1\nL:1/1\nK:C\nz|\n"))
    with pytest.raises(UsageError, match="not a format of practice tracks"):
        practice_files(load_sheet(CHORD), "midi")
