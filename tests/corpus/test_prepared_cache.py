"""The prepared corpus in the cache: made when it is needed, once, and anew if it is damaged."""

import threading
from contextlib import suppress

import numpy as np
import pytest

from bachbot.chorale import Chorale, Key
from bachbot.cli.measuring import load_corpus
from bachbot.corpus import prepare as module
from bachbot.corpus.prepare import manifest_path, open_corpus, prepare
from bachbot.corpus.sources import RawCounts, SourceChorale
from bachbot.corpus.split import Split
from bachbot.corpus.store import PreparedCorpus
from bachbot.errors import BachbotWarning, CorpusError, OutputError

FILES = ("bwv1.mxl", "bwv2.mxl", "bwv3.mxl")
PARTS = ("train", "validation", "test")


@pytest.fixture
def readings(monkeypatch, tmp_path):
    """A corpus of three chorales in place of music21's, in a cache of its own.

    It is a list with an entry for each time that the corpus was read.
    """
    rng = np.random.default_rng(0)
    sources = []
    for file in FILES:
        pitch = np.sort(rng.integers(48, 76, (16, 4)))[:, ::-1]
        chorale = Chorale(pitch, np.zeros((16, 4)), np.zeros(16), name=file)
        sources.append(SourceChorale(file, chorale, Key(), 0, "", RawCounts()))
    parts = dict(zip(FILES, PARTS, strict=True))
    split = Split(dict(zip(FILES, FILES, strict=True)), {"tune": parts, "file": parts})
    found = []

    def read_all(*, workers=None, progress=None):
        found.append(workers)
        if progress is not None:
            progress(3, 3)
        return list(sources), []

    monkeypatch.setattr(Split, "load", lambda path=None: split)
    monkeypatch.setattr(module, "read_all", read_all)
    monkeypatch.setenv("BACHBOT_CACHE", str(tmp_path / "cache"))
    return found


def test_a_command_that_needs_the_corpus_prepares_it_once(readings, capsys):
    first = load_corpus(None)
    assert len(first.pieces) == 3
    assert "preparing Bach's chorales, once" in capsys.readouterr().err
    assert load_corpus(None).fingerprint == first.fingerprint
    assert len(readings) == 1
    assert capsys.readouterr().err == ""


def test_a_path_that_is_named_is_not_made(readings, tmp_path):
    with pytest.raises(CorpusError, match="there is no prepared corpus at"):
        load_corpus(tmp_path / "typo.npz")
    assert not readings


@pytest.mark.parametrize("which", ["corpus", "manifest"])
def test_damage_in_any_byte_is_found_and_mended_with_a_line(readings, which):
    path = prepare().path
    whole = PreparedCorpus.load(path).fingerprint
    damaged = path if which == "corpus" else manifest_path(path)
    content = damaged.read_bytes()
    places = range(0, len(content), max(1, len(content) // 20))
    for count, at in enumerate(places, start=2):
        changed = bytearray(content)
        changed[at] ^= 0x10
        damaged.write_bytes(changed)
        with pytest.warns(BachbotWarning, match="is damaged or of another version: it is made"):
            assert open_corpus().fingerprint == whole
        assert len(readings) == count
        assert damaged.read_bytes() == content
    assert open_corpus().fingerprint == whole
    assert not prepare().fresh


def test_a_file_alone_is_read_as_it_is(readings):
    """A machine that only trains may have the prepared file without its manifest."""
    path = prepare().path
    manifest_path(path).unlink()
    assert len(open_corpus().pieces) == 3
    assert len(readings) == 1
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.warns(BachbotWarning, match="made anew"):
        assert len(open_corpus().pieces) == 3


def test_any_damage_is_a_corpus_error_or_none_at_all(readings, tmp_path):
    """Without a manifest the archive's own checksums protect the music."""
    content = prepare().path.read_bytes()
    whole = PreparedCorpus.load(prepare().path).fingerprint
    path = tmp_path / "copy.npz"
    for at in range(0, len(content), max(1, len(content) // 100)):
        changed = bytearray(content)
        changed[at] ^= 0x81
        path.write_bytes(changed)
        with suppress(CorpusError):
            assert PreparedCorpus.load(path).fingerprint == whole


def test_an_unwritable_cache_is_found_before_the_work(readings, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("BACHBOT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OutputError, match="set BACHBOT_CACHE to a folder that can"):
        prepare()
    with pytest.raises(OutputError, match="set BACHBOT_CACHE to a folder that can"):
        load_corpus(None)
    assert not readings


def test_of_two_that_prepare_at_once_one_does_the_work(readings, monkeypatch):
    both = threading.Barrier(2)
    read_all = module.read_all
    results = []

    def slowly(**options):
        waiting.wait(60)
        return read_all(**options)

    waiting = threading.Event()
    monkeypatch.setattr(module, "read_all", slowly)
    monkeypatch.setattr(module.warnings, "warn", lambda *_, **__: waiting.set())

    def run():
        both.wait(60)
        results.append(prepare())

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    # The one that came second said that it waits, which let the first one go on.
    assert waiting.is_set()
    assert sorted(done.fresh for done in results) == [False, True]
    assert results[0].manifest == results[1].manifest
    assert len(readings) == 1


def test_a_lock_that_is_left_behind_stops_nobody(readings):
    path = prepare().path
    path.with_name(f".{path.name}.lock").write_bytes(b"left by a process that was killed")
    assert prepare(force=True).fresh
