"""`--sound`: what plays in the file that is written."""

from itertools import combinations

import mido
import numpy as np
import pytest
import soundfile
from tunes import SCALE

from bachbot.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    return tmp_path


def run(untrained, *arguments):
    return main([*arguments, "--checkpoint", str(untrained)])


@pytest.mark.slow
def test_each_instrument_sounds_different_and_as_long(here, untrained):
    read = {}
    for sound in ("organ", "choir", "strings", "piano"):
        output = f"{sound}.ogg"
        assert (
            run(
                untrained, "harmonize", "scale.musicxml", "--greedy", "--sound", sound, "-o", output
            )
            == 0
        )
        read[sound], rate = soundfile.read(output)
        assert rate == 44100
    assert len({r.shape for r in read.values()}) == 1
    for one, other in combinations(read.values(), 2):
        assert np.abs(one - other).max() > 0.05


@pytest.mark.slow
def test_midi_names_the_instrument(here, untrained):
    for arguments, program in (([], 19), (["--sound", "choir"], 52), (["--sound", "piano"], 0)):
        assert run(untrained, "compose", "--bars", "1", *arguments, "-o", "a.mid") == 0
        changes = [
            (m.channel, m.program)
            for track in mido.MidiFile("a.mid").tracks
            for m in track
            if m.type == "program_change"
        ]
        assert changes == [(channel, program) for channel in range(4)]


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        ("kazoo", "'kazoo' is not a sound: use organ, choir, strings, piano"),
        ("none.sf2", "none.sf2 could not be read"),
        ("bad.sf2", "bad.sf2 cannot be played"),
    ],
)
def test_what_cannot_be_is_told_before_any_work(here, untrained, capsys, sound, said):
    (here / "bad.sf2").write_bytes(b"RIFF" + bytes(100))
    for command in (["harmonize", "scale.musicxml"], ["compose", "--bars", "2"]):
        assert run(untrained, *command, "--sound", sound, "-o", "out.wav") == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("bachbot: ")
        assert said in line
    assert not (here / "out.wav").exists()
