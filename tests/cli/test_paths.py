"""Files, folders, pipes and devices that commands read and write."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tunes import SCALE

from bachbot.chorale import VOICES
from bachbot.cli import main
from bachbot.cli.paths import BROKEN_PIPE, name_of
from bachbot.scores import load_score, render
from bachbot.scores.provenance import mark_musicxml, written_by_bachbot
from bachbot.scores.save import OUTPUT_FORMATS

ABC = "X:1\nT:Round\nM:3/4\nL:1/4\nK:G\n|:GAB|cBA|d2c|HB3:|\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    return tmp_path


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self):
        return True


@pytest.fixture
def piped(monkeypatch):
    """Put bytes on standard input."""

    def put(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return put


def run(untrained, command, *arguments):
    return main([command, *map(str, arguments), "--checkpoint", str(untrained)])


def harmonize(untrained, *arguments):
    return run(untrained, "harmonize", *arguments, "--greedy")


def one_line(capsys, *said):
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("bachbot: ")
    assert "a fault in bachbot" not in line
    for text in said:
        assert text in line
    return line


# Pipes


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["--from", "abc"], ["-o", "-", "--to", "musicxml"]])
def test_a_tune_goes_through_a_pipe(here, untrained, piped, capsysbinary, arguments):
    piped(ABC.encode())
    assert harmonize(untrained, "-", *arguments) == 0
    out, err = capsysbinary.readouterr()
    score = load_score(out, voices=VOICES)
    assert score.title == "Round"
    assert score.chorale.same_music(load_score(out, voices=VOICES).chorale)
    assert err.startswith(b"standard output: G major")
    assert sorted(p.name for p in here.iterdir()) == ["scale.musicxml"]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["midi", "mxl", "png"])
def test_bytes_go_through_a_pipe_unchanged(here, untrained, piped, capsysbinary, suffix):
    piped(render(load_score(ABC.encode()), "midi"))
    assert harmonize(untrained, "-", "--to", suffix) == 0
    out = capsysbinary.readouterr().out
    end = next(s for s, name in OUTPUT_FORMATS.items() if name == suffix)
    assert harmonize(untrained, "scale.musicxml", "-o", f"out{end}") == 0
    assert out[:4] == Path(f"out{end}").read_bytes()[:4]


@pytest.mark.slow
def test_a_composed_piece_goes_through_a_pipe(here, untrained, piped, capsysbinary):
    assert run(untrained, "compose", "--bars", "2", "-o", "-") == 0
    composed = capsysbinary.readouterr().out
    piped(composed)
    assert main(["explain", "-", "--json"]) == 0
    assert b'"file": "-"' in capsysbinary.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "arguments", "status", "said"),
    [
        (b"", ["-"], 1, "standard input is empty"),
        (b"dear diary", ["-"], 1, "standard input: its format cannot be detected"),
        (b"dear diary", ["-", "--from", "midi"], 1, "standard input: it cannot be read as MIDI"),
        (ABC.encode(), ["-", "--from", "docx"], 2, "'docx' is not a format that can be read"),
        (ABC.encode(), ["-", "--to", "docx"], 2, "'docx' is not a format that can be written"),
        (ABC.encode(), ["-", "-o", "a.pdf", "--to", "midi"], 2, "--format midi does not fit a.pdf"),
        (ABC.encode(), ["-", "--tune", "all", "-o", "-"], 2, "do not fit into standard output"),
        (ABC.encode(), ["-", "--tune", "two"], 2, "'two' is not the number of a tune"),
        (ABC.encode(), ["-", "--tune", "7"], 2, "no tune 7"),
        (ABC.encode(), ["-", "--transpose", "H"], 2, "'H' says not where to move the tune"),
    ],
)
def test_what_a_pipe_cannot_be_is_one_line(
    here, untrained, piped, capsys, content, arguments, status, said
):
    piped(content)
    assert harmonize(untrained, *arguments) == status
    one_line(capsys, said)


def test_versions_do_not_share_a_pipe(here, untrained, piped, capsys):
    piped(ABC.encode())
    assert run(untrained, "harmonize", "-", "--number", "2") == 2
    one_line(capsys, "2 versions do not fit into standard output")


@pytest.mark.slow
def test_a_reader_that_is_gone_is_silent(here, untrained, piped, capsys, monkeypatch):
    class Gone(io.RawIOBase):
        def writable(self):
            return True

        def write(self, content):
            raise BrokenPipeError(32, "Broken pipe")

    piped(ABC.encode())
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(Gone()))
        assert harmonize(untrained, "-") == BROKEN_PIPE
    assert capsys.readouterr().err == ""


# Existing files


@pytest.mark.slow
@pytest.mark.parametrize("suffix", sorted(OUTPUT_FORMATS))
def test_its_own_output_is_known_and_replaced(here, suffix, tmp_path):
    path = tmp_path / f"out{suffix}"
    path.write_bytes(render(load_score(SCALE.encode()), OUTPUT_FORMATS[suffix]))
    assert written_by_bachbot(path)
    path.write_bytes(b"somebody's work, not of b-a-c-h-b-o-t")
    assert not written_by_bachbot(path)
    path.unlink()
    assert not written_by_bachbot(path)


def test_the_users_own_score_is_not_taken_for_bachbots(here):
    assert not written_by_bachbot(Path("scale.musicxml"))
    root = load_score("scale.musicxml").document.root
    assert mark_musicxml(root) is not root
    assert root.find("identification") is None


@pytest.mark.slow
def test_earlier_output_is_replaced_and_another_file_is_not(here, untrained, capsys):
    assert harmonize(untrained, "scale.musicxml", "-o", "a.mid") == 0
    assert harmonize(untrained, "scale.musicxml", "-o", "a.mid") == 0
    capsys.readouterr()
    (here / "a.mid").write_bytes(b"a symphony")
    assert harmonize(untrained, "scale.musicxml", "-o", "a.mid") == 2
    one_line(capsys, "a.mid is there, and bachbot did not write it: give --force")
    assert (here / "a.mid").read_bytes() == b"a symphony"
    assert harmonize(untrained, "scale.musicxml", "-o", "a.mid", "--force") == 0
    assert written_by_bachbot(here / "a.mid")


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 2)])
def test_the_user_is_asked_on_a_terminal(here, untrained, monkeypatch, typed, status):
    (here / "a.mid").write_bytes(b"a symphony")
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert harmonize(untrained, "scale.musicxml", "-o", "a.mid") == status
    assert "replace it?" in sys.stderr.getvalue()
    assert ((here / "a.mid").read_bytes() == b"a symphony") == (status == 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.hardlink_to("scale.musicxml"),
        lambda path: path.symlink_to("scale.musicxml"),
    ],
)
def test_the_file_that_is_read_is_never_written(here, untrained, capsys, make):
    make(here / "other.musicxml")
    for output in ("other.musicxml", "./scale.musicxml"):
        assert harmonize(untrained, "scale.musicxml", "-o", output, "--force") == 2
        one_line(capsys, "is the file that is read")
    assert (here / "scale.musicxml").read_text(encoding="utf-8") == SCALE


def test_the_first_of_several_is_not_the_file_that_is_read(here, untrained, capsys):
    (here / "scale.musicxml").rename(here / "o-1.musicxml")
    arguments = ("o-1.musicxml", "-o", "o.musicxml", "--number", "2")
    assert run(untrained, "harmonize", *arguments, "--force") == 2
    one_line(capsys, "o-1.musicxml is the file that is read")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.symlink_to("elsewhere.musicxml"), "is a symbolic link"),
        (lambda path: path.symlink_to("/dev/full"), "is a symbolic link"),
        (os.mkfifo, "is a pipe or a device"),
        (Path.mkdir, "is a folder"),
    ],
)
def test_links_pipes_and_folders_are_not_written_to(here, untrained, capsys, make, said):
    make(here / "out.musicxml")
    before = sorted(here.iterdir())
    assert harmonize(untrained, "scale.musicxml", "-o", "out.musicxml", "--force") == 1
    one_line(capsys, "out.musicxml", said)
    assert sorted(here.iterdir()) == before


# Names


@pytest.mark.parametrize(
    "arguments",
    [["harmonize", ""], ["harmonize", " "], ["harmonize", "scale.musicxml", "-o", ""],
     ["realize", ""], ["explain", ""], ["compose", "-o", ""], ["compose", "--prime", ""]],
)  # fmt: skip
def test_an_empty_name_is_refused(here, capsys, arguments):
    assert main(arguments) == 2
    one_line(capsys, "the name of a file is empty")
    assert sorted(p.name for p in here.iterdir()) == ["scale.musicxml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["harmonize", "scale.musicxml", "--key", ""], "'' is not a key"),
        (["harmonize", "scale.musicxml", "--bars", ""], "it has one voice"),
        (["harmonize", "scale.musicxml", "--choir", ""], "there is no choir ''"),
        (["realize", "scale.musicxml", "--key", ""], "'' is not a key"),
        (["explain", "scale.musicxml", "--key", ""], "'' is not a key"),
        (["mood", "scale.musicxml", "--mood", "joyful", "--key", ""], "'' is not a key"),
        (["compose", "--key", ""], "'' is not a key"),
        (["compose", "--meter", ""], "'' is not a meter"),
        (["compose", "--voices", ""], "'' is not a voice"),
    ],
)
def test_an_empty_value_is_not_taken_for_none(here, capsys, arguments, said):
    assert main(arguments) in (1, 2)
    one_line(capsys, said)
    assert sorted(p.name for p in here.iterdir()) == ["scale.musicxml"]


@pytest.mark.slow
def test_standard_input_is_not_replaced(here):
    with Path("scale.musicxml").open() as file:
        done = subprocess.run(
            [sys.executable, "-m", "bachbot", "render", "-", "-o", "scale.musicxml", "--force"],
            stdin=file, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "bachbot: scale.musicxml is standard input: write to another file\n"
    assert Path("scale.musicxml").read_text(encoding="utf-8") == SCALE


@pytest.mark.slow
def test_a_name_that_is_not_utf8(here, untrained, capsys):
    name = os.fsdecode(b"caf\xe9\n\x01.musicxml")
    (here / name).write_text(SCALE, encoding="utf-8")
    assert harmonize(untrained, name) == 0
    said = capsys.readouterr().out
    assert said.startswith("caf\ufffd\ufffd\ufffd-harmonized.musicxml: ")
    [out] = here.glob("*-harmonized.musicxml")
    assert load_score(out).title == "caf\ufffd\ufffd\ufffd"
    assert harmonize(untrained, os.fsdecode(b"\xff.musicxml")) == 1
    one_line(capsys, "there is no file \ufffd.musicxml")
    assert harmonize(untrained, os.fsdecode(b"\xff.docx")) == 1
    one_line(capsys, "there is no file \ufffd.docx")
    Path(os.fsdecode(b"\xff.docx")).write_bytes(b"")
    assert harmonize(untrained, os.fsdecode(b"\xff.docx")) == 1
    one_line(capsys, "\ufffd.docx: '.docx' is not the suffix")


@pytest.mark.slow
def test_long_names(here, untrained, capsys):
    name = "é" * 122 + ".musicxml"  # 253 bytes
    (here / name).write_text(SCALE, encoding="utf-8")
    assert harmonize(untrained, name) == 0
    assert len(list(here.glob("*-harmonized.musicxml"))) == 1
    capsys.readouterr()
    for arguments in (["x" * 300 + ".abc"], [name, "-o", "x" * 300 + ".mid"], ["x" * 300]):
        assert harmonize(untrained, *arguments) in (1, 2)
        one_line(capsys, "x" * 200)


@pytest.mark.parametrize("begin", ["short", "é" * 300, "\udcff" * 300])
def test_default_names_fit_a_file_system(begin):
    name = name_of(begin, "-harmonized", ".musicxml")
    assert len(os.fsencode(name)) <= 250
    assert name.endswith("-harmonized.musicxml")
    assert begin.startswith(name.removesuffix("-harmonized.musicxml"))


def test_a_folder_that_may_not_be_written_to(here, untrained, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert harmonize(untrained, "scale.musicxml", "-o", "out.musicxml") == 1
    one_line(capsys, "no permission to write into the folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read(here, untrained, capsys):
    (here / "closed").mkdir(mode=0)
    assert harmonize(untrained, "closed/scale.musicxml") == 1
    one_line(capsys, "cannot be read (Permission denied)")


# Standard streams that are full or closed


def shell(line, **options):
    return subprocess.run(
        ["sh", "-c", line, "sh", sys.executable], capture_output=True, text=True, **options
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full device")
@pytest.mark.parametrize(
    ("line", "status", "err"),
    [
        ('"$1" -m bachbot --version >/dev/full', 1,
         "bachbot: standard output could not be written (No space left on device)\n"),
        ('"$1" -m bachbot --version >&-', 1,
         "bachbot: standard output could not be written (Bad file descriptor)\n"),
        ('"$1" -m bachbot --version 2>&-', 0, ""),
        ('"$1" -m bachbot --version 2>/dev/full', 0, ""),
        ('"$1" -m bachbot harmonize "" 2>&-', 2, ""),
        ('"$1" -m bachbot harmonize "" 2>/dev/full', 2, ""),
        ('"$1" -m bachbot harmonize - <&-', 1,
         "bachbot: standard input is empty: give a score\n"),
    ],
)  # fmt: skip
def test_full_and_closed_streams(here, line, status, err):
    done = shell(line)
    assert done.returncode == status
    assert done.stderr == err
    assert done.stdout in ("", f"bachbot {__import__('bachbot').__version__}\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full device")
def test_a_score_into_streams_that_take_none(here, untrained):
    (here / "a.abc").write_text(ABC, encoding="utf-8")
    command = f'"$1" -m bachbot harmonize a.abc --greedy --checkpoint "{untrained}"'
    full = shell(f"{command} -o - >/dev/full")
    assert (full.returncode, full.stdout) == (1, "")
    assert full.stderr == (
        "bachbot: standard output could not be written (No space left on device): write to a "
        "file with -o\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "bachbot", "harmonize", "a.abc", "-o", "-", "--greedy"]
    gone = subprocess.run(
        [*words, "--checkpoint", str(untrained)], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (BROKEN_PIPE, b"")
    deaf = shell(f"{command} -o a.musicxml 2>&-")
    assert (deaf.returncode, Path("a.musicxml").exists()) == (0, True)
