"""Files that only their owner can read."""

import os
import stat
import warnings

import pytest

from bachbot.errors import BachbotWarning, UsageError
from bachbot.files import write_atomically
from bachbot.serving.private_files import (
    create_private_file,
    load_or_create_secret,
    warn_of_shared_files,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077])
def _umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_private_files_are_created_private(tmp_path):
    assert create_private_file(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o600
    load_or_create_secret(tmp_path / "b")
    assert mode(tmp_path / "b") == 0o600


def test_an_existing_file_is_left_alone(tmp_path):
    path = tmp_path / "a"
    path.write_text("mine", encoding="utf-8")
    path.chmod(0o640)
    assert not create_private_file(path)
    assert (path.read_text(encoding="utf-8"), mode(path)) == ("mine", 0o640)


def test_a_private_file_is_never_wider_while_it_is_written(tmp_path, monkeypatch):
    seen = []
    write = type(tmp_path).write_bytes
    replace = type(tmp_path).replace

    def watched_write(path, content):
        seen.append(mode(path))
        return write(path, content)

    def watched_replace(path, target):
        seen.append(mode(path))
        return replace(path, target)

    monkeypatch.setattr(type(tmp_path), "write_bytes", watched_write)
    monkeypatch.setattr(type(tmp_path), "replace", watched_replace)
    path = tmp_path / "key.json"
    for _ in range(2):
        write_atomically(path, b"secret", private=True)
        # One with wider rights is replaced by one without.
        assert mode(path) == 0o600
        path.chmod(0o644)
    assert seen == [0o600] * 4


def test_shared_files_are_said_in_one_line(tmp_path):
    paths = [tmp_path / name for name in "abcd"]
    for path, rights in zip(paths, (0o600, 0o640, 0o604), strict=False):
        path.touch()
        path.chmod(rights)
    with pytest.warns(BachbotWarning) as caught:
        warn_of_shared_files("the key", paths)
    assert [str(w.message) for w in caught] == [
        f"other users can read the key: run 'chmod 600 {paths[1]} {paths[2]}'"
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_shared_files("the key", [paths[0], paths[3]])


def test_a_huge_secret_is_not_read(tmp_path):
    path = tmp_path / "secret"
    with path.open("wb") as file:
        file.truncate(2**40)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="not a valid secret"):
        load_or_create_secret(path)
