import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Key
from bachbot.corpus.store import Piece, PreparedCorpus, default_path, is_held_out
from bachbot.errors import CorpusError, UsageError

pieces = st.builds(
    Piece,
    chorales(min_frames=1, low=36, high=81).map(lambda c: c.transposed(0, Key("A", "minor"))),
    st.sampled_from([Key("G", "minor"), Key("A", "minor")]),
    st.sampled_from(["bwv1", "bwv2"]),
    st.just({"tune": "train", "file": "test"}),
)


@pytest.mark.slow
@given(st.lists(pieces, min_size=1, max_size=4))
def test_what_is_saved_loads(tmp_path_factory, items):
    path = tmp_path_factory.mktemp("store") / "chorales.npz"
    saved = PreparedCorpus(tuple(items))
    saved.save(path)
    loaded = PreparedCorpus.load(path)
    assert loaded.fingerprint == saved.fingerprint
    for a, b in zip(saved.pieces, loaded.pieces, strict=True):
        assert a.chorale.same_music(b.chorale)
        assert (a.chorale.position == b.chorale.position).all()
        assert (a.family, a.source_key, a.parts) == (b.family, b.source_key, b.parts)


def test_parts(corpus):
    counts = [len(corpus.part(p)) for p in ("train", "validation", "test")]
    assert sum(counts) == len(corpus.pieces)
    with pytest.raises(UsageError, match="no part 'exam'"):
        corpus.part("exam")


def test_a_missing_file(tmp_path):
    with pytest.raises(CorpusError, match="run 'bachbot corpus prepare'"):
        PreparedCorpus.load(tmp_path / "chorales.npz")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_cut_file(prepared, tmp_path, share):
    content = prepared.path.read_bytes()
    path = tmp_path / "chorales.npz"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CorpusError, match="is damaged"):
        PreparedCorpus.load(path)


def test_a_pickle_is_never_loaded(tmp_path):
    path = tmp_path / "chorales.npz"
    buffer = io.BytesIO()
    np.savez(
        buffer,
        **{n: np.array([{}]) for n in ("pitch", "tied", "fermata", "position", "length", "table")},
    )
    path.write_bytes(buffer.getvalue())
    with pytest.raises(CorpusError, match="is damaged"):
        PreparedCorpus.load(path)


def test_the_cache_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("BACHBOT_CACHE", str(tmp_path))
    assert default_path() == tmp_path / "chorales.npz"


@pytest.mark.parametrize("name", ["lookahead", "paper"])
def test_the_shipped_networks_have_seen_no_held_out_piece(name):
    root = Path(__file__).parents[2]
    recorded = json.loads((root / "corpus" / "manifest.json").read_text(encoding="utf-8"))
    path = root / "checkpoints" / name / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    assert is_held_out(recorded["fingerprint"], config["corpus_fingerprint"])
    assert not is_held_out(recorded["fingerprint"], "0" * 16)
    assert not is_held_out("0" * 16, config["corpus_fingerprint"])
    assert not is_held_out(recorded["fingerprint"], None)
