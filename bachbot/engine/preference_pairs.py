"""Preference pairs as files: reading them, and making pairs of a model's own harmonizations.

This is the one description of the format. Pairs are

a folder of scores
    two files for each pair, ``NAME-better.EXT`` and ``NAME-worse.EXT``, in any format that can be
    read; or a table ``pairs.csv`` or ``pairs.json``, which is then the only thing that is read.
a table of pairs
    CSV with a heading, or a JSON list of objects. ``better`` and ``worse`` are paths of scores,
    from the folder of the table on.
a table of ratings
    ``piece``, a path, ``rating``, a number, larger is better, and ``group``: the pieces of a group
    are versions of one tune, and any two of them that are rated differently are a pair.

Both tables may have these columns, and any others, which are passed over:

``given``
    The voices that both pieces have in common and that a model is given, such as ``soprano`` or
    ``S,B``; ``none`` for new pieces. Default: the voices that are the same note for note.
``group``
    The tune: pairs of one tune are never partly held out. Default: the notes of the highest
    given voice.
``key``
    Key of both pieces, such as ``F# minor``. Default: that of the better one, estimated.

Both pieces of a pair are read as `bachbot harmonize` reads a tune with the given voices.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, groupby
from math import isfinite
from pathlib import Path
from typing import Any

from bachbot.chorale import VOICES, Chorale, Key, Pulse, Voice, parse_voices
from bachbot.corpus.store import Piece
from bachbot.decoding import DecodingOptions, fill_request
from bachbot.encoding import FillRequest
from bachbot.engine.requests import HarmonizeRequest
from bachbot.errors import BachbotError, ScoreError, UsageError
from bachbot.evaluation.generated import harmonized
from bachbot.files import write_atomically
from bachbot.runtime import Checkpoint, build_decoding_model
from bachbot.scores import Score, from_chorale, load_score, save_score, section_starts
from bachbot.scores.folding import fold_chorale
from bachbot.scores.readers.source import INPUT_FORMATS, read_bytes
from bachbot.training.preference.pairs import PreferencePair

TABLE = "pairs.csv"
"""Table that `write_own_pairs` writes, and that a folder is read by if it is there."""

MOST_PAIRS = 20_000

_BETTER, _WORSE = "-better", "-worse"
_OPTIONAL = ("given", "group", "key")
_CACHED = 32  # scores that are kept for the next pair


@dataclass(frozen=True)
class PairsRead:
    """What was read.

    Parameters
    ----------
    pairs : tuple of PreferencePair
        One or more.
    faults : tuple of str
        A line for each pair that could not be used.
    """

    pairs: tuple[PreferencePair, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """A pair as files: paths, and the optional columns."""

    name: str
    better: Path
    worse: Path
    given: str = ""
    group: str = ""
    key: str = ""


def read_pairs(where: Path) -> PairsRead:
    """Read pairs from a folder or a table. The module's docstring describes the format.

    A pair that is damaged or cannot be compared costs a line of `PairsRead.faults`, and no other.

    Parameters
    ----------
    where : Path
        A folder, or a ``.csv`` or ``.json`` file.

    Raises
    ------
    UsageError
        If it is none of these, the table lacks a column, or no pair can be used.
    ScoreError
        If the table cannot be read.
    """
    faults: list[str] = []
    rows = _rows(where, faults)
    load = lru_cache(maxsize=_CACHED)(_load)
    pairs = []
    for row in rows:
        try:
            pairs.append(_pair(row, load))
        except BachbotError as error:
            faults.append(f"{row.name}: {error}")
    if not pairs:
        first = f" ({faults[0]})" if faults else ""
        raise UsageError(
            f"{where} holds no pair that can be used{first}: give files such as 01-better.musicxml "
            "and 01-worse.musicxml, or a table"
        )
    return PairsRead(tuple(pairs), tuple(faults))


def write_own_pairs(
    folder: Path,
    checkpoint: Checkpoint,
    pieces: Sequence[Piece],
    options: DecodingOptions | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write pairs of Bach's settings, the better ones, and a model's own of the same sopranos.

    Parameters
    ----------
    folder : Path
        Folder of the scores and of the table; must be new or empty.
    checkpoint : Checkpoint
        The model.
    pieces : sequence of Piece
        By Bach, in C major or A minor; their tune families become the groups.
    options : DecodingOptions, optional
        How the model harmonizes. Default: as `bachbot harmonize`.
    progress : callable, optional
        Called with the pieces done and their number.

    Returns
    -------
    int
        Number of pairs; pieces that the model writes as Bach did are left out.

    Raises
    ------
    UsageError
        If there is something in the folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there and is not an empty folder: give another one")
    options = options or DecodingOptions()
    model = build_decoding_model(checkpoint, options.method)
    bachs = [piece.chorale for piece in pieces]
    found = harmonized(model, bachs, options, progress=progress)
    folder.mkdir(parents=True, exist_ok=True)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["better", "worse", "given", "group", "key"])
    count = 0
    for piece, bach, ours in zip(pieces, bachs, found, strict=True):
        if (bach.pitch == ours.pitch).all() and (bach.tied == ours.tied).all():
            continue
        count += 1
        names = [f"{count:03}{end}.musicxml" for end in (_BETTER, _WORSE)]
        for name, setting in zip(names, (bach, ours), strict=True):
            save_score(from_chorale(setting, bach.name or f"piece {count}"), folder / name)
        writer.writerow([*names, Voice.SOPRANO.label, piece.family, str(bach.key)])
    write_atomically(folder / TABLE, out.getvalue().encode())
    return count


def _rows(where: Path, faults: list[str]) -> list[_Row]:
    if where.is_dir():
        tables = [t for t in (where / TABLE, where / "pairs.json") if t.is_file()]
        if not tables:
            return _rows_of_folder(where, faults)
        where = tables[0]
    if where.suffix.lower() not in (".csv", ".json"):
        raise UsageError(
            f"{where} is no folder and no table: give a folder of scores, or a .csv or .json file"
        )
    table = _table(where)
    columns = set(table[0]) if table else set()
    if {"better", "worse"} <= columns:
        rows = [_row_of_pair(where, at, line, faults) for at, line in enumerate(table, 1)]
        found = [row for row in rows if row is not None]
    elif {"piece", "rating", "group"} <= columns:
        found = list(_rows_of_ratings(where, table, faults))
    else:
        raise UsageError(
            f"{where} has the columns {', '.join(sorted(columns)) or 'none'}: wanted are better "
            "and worse, or piece, rating and group"
        )
    if len(found) > MOST_PAIRS:
        raise UsageError(f"{where} makes {len(found)} pairs: give at most {MOST_PAIRS}")
    return found


def _rows_of_folder(folder: Path, faults: list[str]) -> list[_Row]:
    sides: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        for end in (_BETTER, _WORSE):
            if path.stem.endswith(end) and path.suffix.lower() in INPUT_FORMATS:
                sides.setdefault(path.stem.removesuffix(end), {})[end] = path
    found = []
    for name, files in sides.items():
        if len(files) == 2:
            found.append(_Row(name or "pair", files[_BETTER], files[_WORSE]))
        else:
            [missing] = {_BETTER, _WORSE} - set(files)
            faults.append(f"{name}: there is no file {name}{missing}")
    if len(found) > MOST_PAIRS:
        raise UsageError(f"{folder} holds {len(found)} pairs: give at most {MOST_PAIRS}")
    return found


def _table(path: Path) -> list[dict[str, str]]:
    """The rows of a table by column, as text."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
        if path.suffix.lower() == ".json":
            data = json.loads(text)
            if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
                raise ScoreError(f"{path} is no table of pairs: give a list of objects")
            return [{k: _text(v) for k, v in row.items()} for row in data]
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        return [{k: v or "" for k, v in row.items() if k is not None} for row in reader]
    except (UnicodeDecodeError, ValueError, csv.Error, RecursionError) as error:
        if isinstance(error, BachbotError):
            raise
        reason = str(error).splitlines()[0]
        raise ScoreError(f"{path} is damaged ({reason}): give a table in UTF-8") from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _row_of_pair(path: Path, at: int, line: Mapping[str, str], faults: list[str]) -> _Row | None:
    better, worse = line.get("better", "").strip(), line.get("worse", "").strip()
    if not (better and worse):
        faults.append(f"row {at}: it has no {'worse' if better else 'better'} piece")
        return None
    more = {name: line.get(name, "").strip() for name in _OPTIONAL}
    return _Row(f"row {at}", path.parent / better, path.parent / worse, **more)


def _rows_of_ratings(
    path: Path, table: Sequence[Mapping[str, str]], faults: list[str]
) -> Iterator[_Row]:
    """Any two pieces of a group that are rated differently; a million of them are not listed."""
    rated = []
    for at, line in enumerate(table, 1):
        try:
            rating = float(line.get("rating", ""))
        except ValueError:
            rating = float("nan")
        if not isfinite(rating):
            faults.append(f"row {at}: its rating is '{line.get('rating', '')}': give a number")
        elif not line.get("piece", "").strip() or not line.get("group", "").strip():
            faults.append(f"row {at}: it has no piece or no group")
        else:
            rated.append((line["group"].strip(), rating, at, line))
    rated.sort(key=lambda entry: (entry[0], -entry[1], entry[2]))
    made = 0
    for group, entries in groupby(rated, key=lambda entry: entry[0]):
        for (_, high, one, better), (_, low, other, worse) in combinations(list(entries), 2):
            if high == low:
                continue
            made += 1
            if made > MOST_PAIRS:
                raise UsageError(
                    f"the ratings in {path} make more than {MOST_PAIRS} pairs: give smaller groups"
                )
            yield _Row(
                f"rows {one} and {other}",
                path.parent / better["piece"].strip(),
                path.parent / worse["piece"].strip(),
                better.get("given", "").strip(),
                group,
                better.get("key", "").strip(),
            )


def _load(path: Path, key: str) -> Score:
    if path.suffix.lower() not in INPUT_FORMATS:
        raise ScoreError(f"{path} is no score: give one of {', '.join(INPUT_FORMATS)}")
    return load_score(path, voices=VOICES, transpose="no", key=Key.parse(key) if key else None)


def _pair(row: _Row, load: Callable[[Path, str], Score]) -> PreferencePair:
    better, worse = load(row.better, row.key), load(row.worse, row.key)
    worse = replace(worse, chorale=replace(worse.chorale, key=better.chorale.key))
    given = _given(row.given, better.chorale, worse.chorale)
    requests = _requests(better, worse, given)
    group = row.group
    if not group:
        # The leading voice alone, since pairs of one tune may have different voices in common.
        piece, voices = requests[0].chorale, list(given[:1])
        notes = piece.pitch[:, voices].tobytes() + piece.tied[:, voices].tobytes()
        group = hashlib.sha256(notes).hexdigest()[:16] if given else row.name
    return PreferencePair(row.name, *requests, group)


def _given(text: str, better: Chorale, worse: Chorale) -> tuple[Voice, ...]:
    if text:
        return () if text.lower() == "none" else parse_voices(text)
    if better.frames != worse.frames:
        return ()
    same = (better.pitch == worse.pitch).all(axis=0) & (better.tied == worse.tied).all(axis=0)
    return tuple(voice for voice in VOICES if same[voice])


def _requests(
    better: Score, worse: Score, given: tuple[Voice, ...]
) -> tuple[FillRequest, FillRequest]:
    """Both pieces as a model is asked for them, in the pulse and octave of the better one."""
    if len(given) == len(VOICES):
        raise UsageError("the two are the same, note for note: give two versions")
    if not given:
        one, other = (
            fill_request(
                fold_chorale(score.chorale).normalized(),
                (),
                pulse=Pulse.of(score.chorale, Voice.SOPRANO),
                section_starts=section_starts(score),
            )
            for score in (better, worse)
        )
        return one, other
    if better.chorale.frames != worse.chorale.frames:
        raise UsageError(
            f"the better one is {better.chorale.frames} sixteenths long and the worse one "
            f"{worse.chorale.frames}: pieces with given voices are of one length"
        )
    like = HarmonizeRequest(better, given)
    # The fermatas belong to the tune.
    fermata, meter = better.chorale.fermata, better.chorale.meter
    position = better.chorale.position
    found = []
    for score in (better, worse):
        chorale = replace(score.chorale, fermata=fermata, meter=meter, position=position)
        found.append(
            fill_request(
                fold_chorale(chorale).normalized(like.octaves),
                given,
                pulse=like.pulse,
                section_starts=section_starts(better),
                phrase_ends=like.phrase_ends or (),
                all_phrase_ends=like.phrase_ends is not None,
            )
        )
    return found[0], found[1]
