from functools import partial
from types import SimpleNamespace

import pytest

from bachbot.errors import BachbotWarning, OutputError
from bachbot.report.cache import Cache

KEY = {"what": "thing", "of": 1}


def test_an_entry_is_made_once(tmp_path):
    assert not Cache(tmp_path / "new").get(KEY, lambda: b"content").cached
    found = Cache(tmp_path / "new").get(KEY, lambda: pytest.fail("made again"))
    assert (found.content, found.cached) == (b"content", True)


def test_another_key_is_another_entry(tmp_path):
    cache = Cache(tmp_path)
    cache.get(KEY, lambda: b"one")
    assert cache.get(KEY | {"of": 2}, lambda: b"two").content == b"two"
    assert cache.get(KEY, lambda: b"three").content == b"one"


def test_a_fresh_cache_ignores_older_entries(tmp_path):
    Cache(tmp_path).get(KEY, lambda: b"old")
    cache = Cache(tmp_path, fresh=True)
    assert cache.get(KEY, lambda: b"new").content == b"new"
    assert cache.get(KEY, lambda: pytest.fail("made again")).cached
    assert Cache(tmp_path).get(KEY, lambda: b"newer").content == b"new"


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "headless"])
def test_a_damaged_entry_is_made_again_with_a_warning(tmp_path, damage):
    Cache(tmp_path).get(KEY, lambda: b"content")
    [path] = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[:-1],
            "flipped": whole[:-1] + bytes([whole[-1] ^ 1]),
            "empty": b"",
            "headless": whole[5:],
        }[damage]
    )
    with pytest.warns(BachbotWarning, match="measured again"):
        assert Cache(tmp_path).get(KEY, lambda: b"content").content == b"content"
    assert Cache(tmp_path).get(KEY, lambda: b"other").content == b"content"


def test_an_interruption_leaves_nothing(tmp_path):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cache(tmp_path).get(KEY, interrupted)
    assert list(tmp_path.iterdir()) == []


def test_the_time_of_nested_entries_is_not_counted(tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    now = {"perf_counter": 10.0, "process_time": 1.0}
    clocks = SimpleNamespace(**{name: partial(now.get, name) for name in now})
    monkeypatch.setattr("bachbot.report.cache.time", clocks)
    inner = []

    def work(seconds):
        now["perf_counter"] += seconds
        now["process_time"] += 2 * seconds
        return b""

    def outer():
        inner.append(cache.get({"what": "inner"}, lambda: work(0.25)))
        return work(0.125)

    found = cache.get(KEY, outer)
    assert (inner[0].seconds, inner[0].processor) == (0.25, 0.5)
    assert (found.seconds, found.processor) == (0.125, 0.25)
    again = Cache(tmp_path).get(KEY, outer)
    assert (again.seconds, again.processor) == (found.seconds, found.processor)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="BACHBOT_CACHE"):
        Cache(tmp_path / "file" / "cache").get(KEY, lambda: b"")
