"""Files of kern and MIDI that ask for much are read or refused in little time and memory."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_scores import CASES
from test_elements import KERN, MIDI

from bachbot.errors import ScoreError
from bachbot.scores import load_score
from bachbot.scores.readers.kern.kern_reader import kern_tree
from bachbot.scores.readers.midi.midi_reader import midi_tree

REFUSED = {
    "midi: a note of 2^28 ticks": "more than 4096 quarter notes",
    "midi: a note after 2^28 ticks": "more than 4096 quarter notes",
    "midi: empty tracks": "no notes",
    "midi: tempo 0": "",
    "midi: meter 0": "",
    "midi: a note that is not ended and then 2^28 ticks": "",
    "midi: system message beyond the end": "no notes",
    "midi: only a header": "no notes",
    "midi: half a header": "no header",
    "midi: a chunk of 4 GB": "",
    "midi: a header of 4 GB": "no notes",
    "midi: data without status": "no notes",
    "kern: a note of 9999 whole notes": "more than 4096 quarter notes",
    "kern: a chord": "more than 64 notes",
    "kern: digits": "too long",
    "kern: percent signs": "too long",
    "kern: letters": "out of reach",
    "kern: sharps": "out of reach",
    "kern: slurs": "",
    "kern: marks": "",
    "kern: spines that split": "more than 256 columns",
    "kern: bars of a 64th": "more than 4096 bars",
    "kern: lengths without common divisor": "no common divisor",
    "kern: a syllable": "",
    "kern: a bar line": "",
    "kern: a meter": "",
    "kern: a note that sounds on": "",
}
"""What the message says; empty if the file is read."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_in_one_line_or_read(name):
    kind, content = name.partition(":")[0], CASES[name]
    if REFUSED[name]:
        with pytest.raises(ScoreError, match=REFUSED[name]) as caught:
            load_score(content, format=kind)
        assert "\n" not in str(caught.value)
    else:
        assert load_score(content, format=kind).chorale.frames


@pytest.mark.slow
def test_every_file_takes_little_time_and_memory():
    # Two seconds and 300 MB are promised; ten times the seconds for a processor that is busy.
    script = Path(__file__).with_name("hostile_scores.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [name for name, _, _ in rows] == list(CASES)
    assert {name: took for name, took, _ in rows if float(took) > 20} == {}
    assert int(rows[-1][2]) < 300


@pytest.mark.parametrize("reader", [kern_tree, midi_tree])
@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_are_read_or_refused(reader, seed):
    generator = random.Random(seed)
    whole = [case.content for case in (KERN if reader is kern_tree else MIDI).values()]
    for _ in range(20):
        content = bytearray(generator.choice(whole))
        for _ in range(generator.randint(1, 6)):
            at = generator.randint(0, len(content))
            if generator.random() < 0.5:
                put = generator.choice(b"\t\n*^v-=:|!.4c%[]_()+x0123456789 \xff\x80\x90")
                content[at : at + 1] = bytes([put])
            else:
                del content[at : at + generator.randint(1, 12)]
        try:
            root, _ = reader(bytes(content))
        except ScoreError as error:
            message = str(error)
        else:
            message = ""
            assert root.find("part/measure") is not None
        assert "\n" not in message
