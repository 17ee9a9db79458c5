"""Files to read."""

import pytest
from pieces import EVERYTHING


@pytest.fixture
def everything(tmp_path):
    """The made-up tune as a file."""
    path = tmp_path / "everything.musicxml"
    path.write_text(EVERYTHING, encoding="utf-8")
    return path


@pytest.fixture
def put(tmp_path):
    """Write a file and give its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
