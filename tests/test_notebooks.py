"""The notebooks run from top to bottom, and are kept without what they print."""

import json
import shutil
from pathlib import Path

import pytest

from bachbot.corpus import prepare
from bachbot.corpus.prepare import manifest_path
from bachbot.corpus.store import PreparedCorpus

HERE = Path(__file__).parent.parent
NOTEBOOKS = sorted((HERE / "notebooks").glob("*.ipynb"))
SHOWN = {
    "1-the-data": {"image/png": 4, "text/markdown": 4},
    "2-the-model": {"image/svg+xml": 2, "image/png": 6, "text/markdown": 4},
    "3-listening": {"text/html": 7, "text/markdown": 4},
}
"""How many outputs of which kind each shows; an audio player is HTML."""


def read(path):
    import nbformat

    return nbformat.read(path, as_version=4)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == list(SHOWN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_that_was_printed_is_kept(path):
    import nbformat

    book = read(path)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    # What is shown is made of the corpus, which is not ours to spread.
    assert all(not c.outputs and c.execution_count is None for c in book.cells if "outputs" in c)
    assert sum(c.cell_type == "markdown" for c in book.cells) >= 5


def fewer_pieces(prepared, folder):
    """Writes a prepared corpus with three short pieces of each held-out part, where `prepare` finds
    it."""
    pieces = PreparedCorpus.load(prepared.path).pieces
    kept = []
    for part in ("train", "validation", "test"):
        of_part = [p for p in pieces if p.parts["tune"] == part]
        # The notebook shows one of the pieces.
        of_part.sort(key=lambda p: (not p.chorale.name.startswith("bwv248.53-5"), p.chorale.frames))
        kept += of_part if part == "train" else of_part[:3]
    corpus = PreparedCorpus(tuple(kept))
    folder.mkdir()
    path = folder / prepared.path.name
    corpus.save(path)
    manifest = {**prepared.manifest, "fingerprint": corpus.fingerprint}
    manifest["sha256"] = prepare._digest(path.read_bytes())
    manifest["checksum"] = prepare._checksum(manifest)
    manifest_path(path).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path, prepared, tmp_path, monkeypatch):
    from nbclient import NotebookClient

    cache = prepared.path.parent
    if path.stem == "2-the-model":
        # To correlate every unit with every label in all pieces takes minutes.
        cache = fewer_pieces(prepared, tmp_path / "cache")
    monkeypatch.setenv("BACHBOT_CACHE", str(cache))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    shutil.copytree(HERE / "corpus" / "examples", tmp_path / "corpus" / "examples")
    folder = tmp_path / "notebooks"
    folder.mkdir()
    book = read(path)
    NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    # Warnings come on the standard error.
    assert [o for o in outputs if o.output_type not in ("display_data", "execute_result")] == []
    for kind, count in SHOWN[path.stem].items():
        assert sum(kind in output.data for output in outputs) == count
    assert not list(folder.iterdir())
