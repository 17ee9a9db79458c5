"""Every format is written, whole or not at all."""

import subprocess
import sys
import zipfile
from fractions import Fraction

import mido
import numpy as np
import pytest
from pieces import CHORALES, bach, followed, load_clean, quietly

from bachbot.chorale import REST, VOICES, Chorale, Key, Meter, Voice
from bachbot.errors import OutputError, UsageError
from bachbot.scores import Layout, complete, from_chorale, load_score, render, save_score, soundings
from bachbot.scores.save import OUTPUT_FORMATS


def unison():
    """Four voices, twice on one pitch; the alto holds what the soprano strikes again."""
    pitch = np.full((8, 4), 60)
    tied = np.zeros((8, 4), dtype=bool)
    tied[1:] = True
    tied[4, 0] = False
    fermata = np.zeros(8, dtype=bool)
    fermata[4:] = True
    return Chorale(pitch, tied, fermata, meter=Meter(2, 4), key=Key("C", "major"))


def test_midi_has_one_track_and_channel_a_voice(tmp_path):
    score = from_chorale(unison(), "Unison")
    out = tmp_path / "out.mid"
    save_score(score, out, layout=Layout(tempo=60))
    file = mido.MidiFile(out)
    assert file.type == 1
    assert [t.name for t in file.tracks] == ["Unison", "Soprano", "Alto", "Tenor", "Bass"]
    struck = []
    for channel, track in enumerate(file.tracks[1:]):
        on = [m for m in track if m.type == "note_on"]
        assert {m.channel for m in on} == {channel}
        struck.append(len(on))
    assert struck == [2, 1, 1, 1]
    meta = {m.type: m for m in file.tracks[0]}
    assert meta["set_tempo"].tempo == 1_000_000
    assert (meta["time_signature"].numerator, meta["time_signature"].denominator) == (2, 4)
    assert meta["key_signature"].key == "C"
    assert file.length == pytest.approx(2.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHORALES)
def test_saved_midi_is_read_back(name, tmp_path):
    source = bach(name)
    out = tmp_path / "out.mid"
    save_score(from_chorale(source.chorale, "x"), out)
    again = quietly(out, voices=VOICES)
    frames = min(source.chorale.frames, again.chorale.frames)
    assert (source.chorale.pitch[frames:] == REST).all()  # MIDI has no silence at the end
    assert np.array_equal(again.chorale.pitch[:frames], source.chorale.pitch[:frames])
    assert np.array_equal(again.chorale.onset[:frames], source.chorale.onset[:frames])


def test_soundings_merge_ties_and_keep_exact_times(everything):
    score = quietly(everything)
    heard = soundings(score)
    assert [s.pitch for s in heard[:5]] == [72, 69, 70, 72, 74]
    assert heard[2].start == Fraction(4, 3)
    assert heard[4].length == 3  # a half tied to a quarter over the bar line
    assert heard[-1].fermata
    assert not heard[0].fermata
    full = complete(score, followed(score.chorale), [Voice.SOPRANO])
    assert {s.voice for s in soundings(full)} == {0, 1, 2, 3}


def test_compressed_musicxml(tmp_path):
    source = bach("bwv66.6")
    out = tmp_path / "out.mxl"
    save_score(source, out)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist()[0] == "META-INF/container.xml"
    assert load_clean(out, voices=VOICES).chorale.same_music(source.chorale)
    first = out.read_bytes()
    save_score(source, out)
    assert out.read_bytes() == first


@pytest.mark.filterwarnings("ignore")  # music21's own
def test_music21_reads_what_is_written(tmp_path):
    from music21 import converter

    source = bach("bwv253")
    for suffix in (".musicxml", ".mxl"):
        out = tmp_path / f"out{suffix}"
        save_score(from_chorale(source.chorale, "A title"), out)
        score = converter.parse(out, forceSource=True)
        assert score.metadata.bestTitle == "A title"
        assert score.metadata.composer == "bachbot"
        for voice, part in enumerate(score.parts):
            heard = [n.pitch.midi for n in part.flatten().stripTies().notes]
            assert heard == source.chorale.pitch[source.chorale.onset[:, voice], voice].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".wav", ".flac", ".ogg", ".mp3"])
def test_pictures_and_sound_are_written(suffix, tmp_path):
    out = tmp_path / f"out{suffix}"
    save_score(from_chorale(unison(), "Unison"), out)
    start = {
        ".svg": b"<", ".png": b"\x89PNG", ".pdf": b"%PDF", ".wav": b"RIFF", ".flac": b"fLaC",
        ".ogg": b"OggS", ".mp3": b"\xff\xfb",
    }[suffix]  # fmt: skip
    assert out.read_bytes().startswith(start)


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "form"), OUTPUT_FORMATS.items())
def test_rendered_bytes_are_those_of_the_saved_file(suffix, form, tmp_path):
    score = from_chorale(unison(), "Unison")
    layout = Layout(staves=2, tempo=100, sound="piano")
    out = tmp_path / f"out{suffix}"
    save_score(score, out, layout=layout)
    content = render(score, form, layout=layout)
    if form == "ogg":  # its stream has a serial number by chance
        assert len(content) == out.stat().st_size
    else:
        assert content == out.read_bytes()


@pytest.mark.parametrize("form", ["musicxml", "mxl", "midi"])
def test_rendered_scores_are_read_back_in_memory(form):
    source = bach("bwv253")
    again = load_score(render(source, form), voices=VOICES)
    assert np.array_equal(again.chorale.pitch, source.chorale.pitch)
    assert np.array_equal(again.chorale.onset, source.chorale.onset)


def test_a_format_that_cannot_be_rendered():
    with pytest.raises(UsageError, match=r"'docx' is not a format.*use musicxml, mxl, midi, svg"):
        render(from_chorale(unison(), "x"), "docx")


def test_an_unknown_suffix_and_a_missing_folder_are_refused(tmp_path):
    score = from_chorale(unison(), "x")
    with pytest.raises(OutputError, match=r"'.docx' is not a suffix"):
        save_score(score, tmp_path / "out.docx")
    for suffix in (".musicxml", ".mxl", ".mid"):
        with pytest.raises(OutputError, match="does not exist"):
            save_score(score, tmp_path / "none" / f"out{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_layout_refuses_what_cannot_be():
    with pytest.raises(UsageError, match=r"3 staves.*tempo of 5.*'gong' is not a sound"):
        Layout(staves=3, tempo=5, sound="gong")


def test_an_empty_chorale_is_refused():
    with pytest.raises(UsageError, match="empty"):
        from_chorale(unison().sliced(0, 0), "x")


@pytest.mark.slow
def test_musicxml_is_read_and_written_without_music21(everything, tmp_path):
    program = (
        "import sys, warnings; warnings.simplefilter('ignore');"
        "from bachbot.scores import *;"
        f"save_score(load_score({str(everything)!r}), {str(tmp_path / 'out.musicxml')!r});"
        "print('music21' in sys.modules, 'torch' in sys.modules, 'verovio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False"] * 3, done.stderr
