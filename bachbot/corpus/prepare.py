"""Prepares the data set: from music21's corpus to one file."""

import gc
import hashlib
import json
import multiprocessing
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bachbot.corpus.sources import LeftOut, SourceChorale, find_files, natural, read
from bachbot.corpus.split import Split, group, make_split
from bachbot.corpus.store import FORMAT, Piece, PreparedCorpus, default_path
from bachbot.errors import BachbotWarning, CorpusError, OutputError
from bachbot.files import data_folder, write_atomically
from bachbot.hardware import usable_cores

RECIPE = 3
"""Goes up with every change of the preparation, so that an older prepared file is replaced."""

Progress = Callable[[int, int], None]
"""Called with the number of files done and the total."""


@dataclass(frozen=True)
class Prepared:
    """The outcome of a preparation.

    Parameters
    ----------
    path : Path
        The prepared file; the manifest is beside it.
    manifest : dict
        Content of the file at `manifest_path`.
    fresh : bool
        False if an earlier preparation was still valid.
    seconds : float
        Wall time.
    """

    path: Path
    manifest: dict
    fresh: bool
    seconds: float


def manifest_path(path: Path) -> Path:
    """Path of the manifest of a prepared file: beside it."""
    return path.with_name(path.stem + "-manifest.json")


def prepare(
    path: Path | None = None,
    *,
    force: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Read, normalize and store all chorales of music21's corpus.

    One process at a time does this for a path; another one waits, and finds it done. What was
    prepared before and is damaged in any byte is made anew, with a warning.

    Parameters
    ----------
    path : Path, optional
        Where to write; the user's cache unless given.
    force : bool
        Make it anew even if it is there.
    workers : int, optional
        Processes; all cores unless given.
    progress : callable, optional
        Told of each file done.

    Raises
    ------
    CorpusError
        If the corpus is missing, damaged, or lacks a chorale that the split names; if the file is
        there and something else made it, unless forced.
    OutputError
        If the file cannot be written, which is found out first.
    """
    began = time.perf_counter()
    path = path or default_path()
    recipe = _recipe()
    if not force and (manifest := _done(path, recipe)):
        return Prepared(path, manifest, False, time.perf_counter() - began)
    _check_writable(path)
    with _locked(path):
        # Another process may have done it meanwhile.
        if not force and (manifest := _done(path, recipe)):
            return Prepared(path, manifest, False, time.perf_counter() - began)
        manifest = _prepare(path, recipe, force, workers, progress)
    return Prepared(path, manifest, True, time.perf_counter() - began)


def open_corpus(path: Path | None = None, *, progress: Progress | None = None) -> PreparedCorpus:
    """Load the prepared corpus; prepare it first if the one in the user's cache is not whole.

    Parameters
    ----------
    path : Path, optional
        A file that must be there. Default: the one in the user's cache.
    progress : callable, optional
        Told of each file done, if the corpus has to be prepared.

    Raises
    ------
    CorpusError
        If the path is missing or damaged, or the corpus cannot be prepared.
    OutputError
        If it cannot be written.
    """
    if path is not None and path != default_path():
        return PreparedCorpus.load(path)
    path = default_path()
    # A machine that only trains may have the file alone, and no music21.
    if path.is_file() and (not manifest_path(path).exists() or _signed_manifest(path)):
        try:
            return PreparedCorpus.load(path)
        except CorpusError:
            pass
    return PreparedCorpus.load(prepare(path, progress=progress).path)


def _prepare(
    path: Path,
    recipe: dict[str, object],
    force: bool,
    workers: int | None,
    progress: Progress | None,
) -> dict:
    """Do what `prepare` does, and return the manifest."""
    if path.exists() and not force and path != default_path() and not manifest_path(path).exists():
        raise CorpusError(
            f"{path} exists and was not made by 'bachbot corpus prepare' from music21's corpus: "
            "give another path, or write over it with 'bachbot corpus prepare --force'"
        )
    if path.exists() and not force:
        warnings.warn(
            f"the prepared corpus {path} is damaged or of another version: it is made anew",
            BachbotWarning,
            stacklevel=3,
        )
    split = Split.load()
    sources, left_out = read_all(workers=workers, progress=progress)
    unknown = [s for s in sources if s.file not in split.families]
    left_out += [LeftOut(s.file, "not named in corpus/split.json") for s in unknown]
    sources = [s for s in sources if s.file in split.families]
    missing = sorted(set(split.families) - {s.file for s in sources}, key=natural)
    if missing:
        reasons = {o.file: o.reason for o in left_out}
        raise CorpusError(
            f"music21's corpus lacks {len(missing)} of the {len(split.families)} chorales that "
            f"the split names, {missing[0]} first ({reasons.get(missing[0], 'not there')}): "
            "pip install --force-reinstall music21"
        )
    corpus = PreparedCorpus(
        tuple(
            Piece(s.chorale, s.key, split.families[s.file], split.parts_of(s.file)) for s in sources
        )
    )
    manifest = _manifest(corpus, sources, left_out, recipe)
    corpus.save(path)
    manifest["sha256"] = _digest(path.read_bytes())
    manifest["checksum"] = _checksum(manifest)
    write_atomically(manifest_path(path), json.dumps(manifest, indent=1).encode())
    return manifest


def _check_writable(path: Path) -> None:
    """Find out before the work whether a file can be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OutputError(
            f"the folder {path.parent} cannot be written to ({error.strerror}): set "
            "BACHBOT_CACHE to a folder that can"
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time prepare a path; the lock of one that dies is free again."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            warnings.warn(
                "another process prepares the corpus: waiting for it", BachbotWarning, stacklevel=4
            )
            lock.acquire()
    except (OSError, NotImplementedError):
        # A file system without locks: both write the same file, each whole.
        yield
        return
    try:
        yield
    finally:
        # Whoever waits for it may then prepare beside a third process: each writes a whole file.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def read_all(
    *, workers: int | None = None, progress: Progress | None = None
) -> tuple[list[SourceChorale], list[LeftOut]]:
    """Read all chorales of the corpus that can be used, without exact duplicates.

    Returns
    -------
    sources : list of Source
        By name.
    left_out : list of LeftOut
        Every other file, and why.
    """
    paths = find_files()
    results = _map(paths, workers or usable_cores(), progress or (lambda *_: None))
    left_out = [r for r in results if isinstance(r, LeftOut)]
    sources: list[SourceChorale] = []
    seen: dict[bytes, str] = {}
    for source in (r for r in results if isinstance(r, SourceChorale)):
        # Only pitches, because duplicates differ in single ties or fermatas.
        twin = seen.setdefault(source.chorale.pitch.tobytes(), source.file)
        if twin == source.file:
            sources.append(source)
        else:
            left_out.append(LeftOut(source.file, f"an exact double of {twin}"))
    return sources, sorted(left_out, key=lambda o: natural(o.file))


def renew_split(*, workers: int | None = None, progress: Progress | None = None) -> Split:
    """Group the corpus by tune and make new splits; for maintainers."""
    sources, _ = read_all(workers=workers, progress=progress)
    # Shared runs came later: parts are drawn as before, so that no other piece changes its part.
    families, drawn = group(sources)
    return make_split([s.file for s in sources], families, drawn=drawn)


def _map(paths: list[Path], workers: int, progress: Progress) -> list[SourceChorale | LeftOut]:
    results: dict[Path, SourceChorale | LeftOut] = {}
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_set_up)
    try:
        futures = {pool.submit(read, path): path for path in paths}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            progress(len(results), len(paths))
    except BrokenProcessPool as error:
        raise CorpusError(
            "a process that read the corpus died (out of memory?): try again with --workers 1"
        ) from error
    finally:
        # Not a 'with' block: at Ctrl-C it would read all remaining files before it ended.
        pool.shutdown(cancel_futures=True)
    return [results[path] for path in paths]


def _set_up() -> None:
    """Ignore Ctrl-C in a worker: the parent ends its workers, without a message from each.

    And collect garbage less often: music21 makes so many objects that it takes a tenth of the time.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000)


def _recipe() -> dict[str, object]:
    """All that the prepared file depends on."""
    try:
        version = metadata.version("music21")
    except metadata.PackageNotFoundError as error:
        raise CorpusError(
            "music21 is not installed, and the chorales are in it: pip install music21"
        ) from error
    split = data_folder("corpus") / "split.json"
    digest = hashlib.sha256(split.read_bytes()).hexdigest()[:16] if split.is_file() else ""
    return {"format": FORMAT, "recipe": RECIPE, "music21": version, "split": digest}


def _done(path: Path, recipe: dict[str, object]) -> dict | None:
    """The manifest of a preparation that is still valid, or None."""
    manifest = _signed_manifest(path)
    return manifest if manifest is not None and manifest.get("made_by") == recipe else None


def _signed_manifest(path: Path) -> dict | None:
    """The manifest of a prepared file, if both are as they were written; else None."""
    try:
        manifest = json.loads(manifest_path(path).read_bytes())
        whole = manifest["checksum"] == _checksum(manifest)
        return manifest if whole and manifest["sha256"] == _digest(path.read_bytes()) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _checksum(manifest: dict) -> str:
    """Digest of all of a manifest but the checksum itself."""
    rest = {name: value for name, value in manifest.items() if name != "checksum"}
    return _digest(json.dumps(rest, sort_keys=True).encode())


def _manifest(
    corpus: PreparedCorpus, sources: list[SourceChorale], left_out: list[LeftOut], recipe: dict
) -> dict:
    raw: dict[str, Counter] = {n: Counter() for n in ("pitch_classes", "positions", "durations")}
    for source in sources:
        for name, counter in raw.items():
            # String keys, as in JSON, so that a manifest is read back unchanged.
            counter.update({str(k): n for k, n in getattr(source.raw, name).items()})
    pieces = [
        {
            "file": p.chorale.name,
            "key": str(p.source_key),
            "shift": p.chorale.transposed_by,
            "meter": str(p.chorale.meter),
            "pickup": p.chorale.meter.pickup,
            "frames": p.chorale.frames,
            "silent_bars_left_out": s.silent_bars,
            "family": p.family,
            "parts": p.parts,
        }
        for p, s in zip(corpus.pieces, sources, strict=True)
    ]
    return {
        "made_by": recipe,
        "fingerprint": corpus.fingerprint,
        "pieces": pieces,
        "left_out": [{"file": o.file, "reason": o.reason} for o in left_out],
        "before": {name: dict(counter.most_common()) for name, counter in raw.items()},
    }
