import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bachbot.errors import OutputError
from bachbot.files import _PREFIX, _host, replace_atomically, write_atomically


def test_a_file_is_there_whole(tmp_path):
    write_atomically(tmp_path / "a.txt", b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail():
        with replace_atomically(path) as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_a_full_disk_is_said_in_one_line(tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_atomically(tmp_path / "a.txt", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match="does not exist: create it"):
        write_atomically(tmp_path / "no" / "a.txt", b"new")


def test_a_folder_in_the_place_of_the_file(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        write_atomically(tmp_path, b"new")


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "a.txt", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


KILLED = """
import os, sys
from pathlib import Path
from bachbot.files import replace_atomically
with replace_atomically(Path(sys.argv[1])):
    os._exit(9)
"""


def leave(folder):
    """Leave the temporary file of a process that is killed."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder / "a.txt")])
    assert done.returncode == 9


@pytest.fixture
def unswept(monkeypatch):
    """As in a new process, which has looked into no folder yet."""
    monkeypatch.setattr("bachbot.files._swept", set())


@pytest.mark.skipif(os.name != "posix", reason="asks whether a process runs")
def test_temporary_files_of_a_killed_process_are_removed_by_the_next(tmp_path, unswept):
    leave(tmp_path)
    [left] = tmp_path.iterdir()
    assert left.name.startswith(".bachbot-")
    write_atomically(tmp_path / "b.txt", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["b.txt"]


def test_temporary_files_of_others_stay_for_a_day(tmp_path, unswept, monkeypatch):
    names = {
        f".bachbot-elsewhere-{2**31 - 2}-abcd_123.txt": True,  # perhaps running on its machine
        f".bachbot-elsewhere-{os.getpid()}-abcd_124.txt": False,
        f"{_PREFIX}{_host()}-{os.getpid()}-abcd_125.txt": True,
        ".bachbot-notes.txt": True,
        ".bachbot-x-1-abcd_126.txt.d": True,
    }
    for name in names:
        path = tmp_path / name
        path.mkdir() if name.endswith(".d") else path.touch()
    os.utime(tmp_path / list(names)[1], (0, 0))
    os.utime(tmp_path / ".bachbot-notes.txt", (0, 0))
    write_atomically(tmp_path / "b.txt", b"new")
    left = {p.name for p in tmp_path.iterdir()} - {"b.txt"}
    assert left == {name for name, stays in names.items() if stays}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.symlink_to("other.txt"), "is a symbolic link"),
        (lambda path: path.symlink_to("/dev/null"), "is a symbolic link"),
        (os.mkfifo, "is a pipe or a device"),
    ],
)
def test_links_and_pipes_are_not_replaced(tmp_path, make, said):
    path = tmp_path / "a.txt"
    (tmp_path / "other.txt").write_bytes(b"old")
    make(path)
    before = path.lstat().st_ino
    with pytest.raises(OutputError, match=said):
        write_atomically(path, b"new")
    assert path.lstat().st_ino == before
    assert (tmp_path / "other.txt").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["x" * 300 + ".txt", "é" * 120 + ".txt", "x" * 251 + ".txt"])
def test_long_names_are_written_or_refused_in_one_line(tmp_path, name):
    if len(name.encode()) <= 255:
        write_atomically(tmp_path / name, b"new")
        assert (tmp_path / name).read_bytes() == b"new"
    else:
        with pytest.raises(OutputError, match="File name too long"):
            write_atomically(tmp_path / name, b"new")


def test_a_folder_without_permission(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="no permission to write into the folder"):
        write_atomically(tmp_path / "a.txt", b"new")
