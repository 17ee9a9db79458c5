"""Checkpoints: a trained model as a directory, written atomically and checked when read.

Three files are always there: ``config.json`` (what the model is and how it was trained),
``vocabulary.json`` and ``weights.safetensors``, in half precision where nothing is lost by it.
``features.safetensors`` (learned weights for beam search, see `bachbot.features`),
``metrics.jsonl`` and ``MODEL_CARD.md`` may be beside them. Nothing is ever unpickled.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import Vocabulary
from bachbot.errors import CheckpointError, EncodingError, OutputError, UsageError
from bachbot.features import FeatureWeights
from bachbot.files import data_folder
from bachbot.runtime.kinds import KINDS, ModelConfig, configure

FORMAT = "bachbot-checkpoint-1"
"""Format of the directory; another one is refused."""

CONFIG, VOCABULARY, WEIGHTS = "config.json", "vocabulary.json", "weights.safetensors"
FEATURES = "features.safetensors"

DIGEST = "weights_sha256"
"""Entry of the config that reveals damaged weights; `save_checkpoint` writes it."""

FEATURES_DIGEST = "features_sha256"
"""The same for the features; a checkpoint without this entry has none."""

EXPERT = "expert"
"""Entry of the config: name of the shipped checkpoint that beam search multiplies it with."""

_MAX_JSON = 16 * 2**20  # bytes; a real config has a few thousand
_MAX_WEIGHTS = 8 * 2**30  # bytes
_MAX_FEATURES = 64 * 2**20  # bytes; a real file has a tenth of a megabyte
_STALE = 3600  # seconds after which a half-written neighbor is taken for a dead run's


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model as plain data.

    Parameters
    ----------
    config : mapping
        ``format``, ``kind`` (see `bachbot.runtime.kinds`), ``model`` (the fields of the kind's
        config), ``vocabulary_fingerprint``, ``corpus_fingerprint`` and ``training``, a free record
        of how it was trained.
    vocabulary : Vocabulary
        What its token ids mean.
    weights : mapping of str to ndarray of float32
        Weights by torch's names and in torch's shapes, as the config's ``weight_shapes`` lists
        them.
    features : FeatureWeights, optional
        Weights of local features for beam search, learned for this model.
    """

    config: Mapping[str, Any]
    vocabulary: Vocabulary
    weights: Mapping[str, NDArray[np.float32]]
    features: FeatureWeights | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with any weight or any entry of the config."""
        digest = hashlib.sha256(json.dumps(self.config, sort_keys=True).encode())
        digest.update(self.vocabulary.fingerprint.encode())
        for name, weight in sorted(self.weights.items()):
            digest.update(f"{name} {weight.shape}".encode())
            digest.update(np.ascontiguousarray(weight).tobytes())
        if self.features is not None:
            digest.update(self.features.to_bytes())
        return digest.hexdigest()[:16]

    @cached_property
    def model_config(self) -> ModelConfig:
        """The config of its kind of model.

        Raises
        ------
        UsageError
            If the kind is unknown, or a value is missing, unknown or out of bounds.
        """
        config: ModelConfig = configure(self.config["kind"], self.config["model"], complete=True)
        return config

    def rounded(self) -> "Checkpoint":
        """The same with its weights rounded to half precision, which `save_checkpoint` stores.

        The files become half as large. Weights are still computed with in single precision.

        Raises
        ------
        CheckpointError
            If a weight is too large for half precision.
        """
        halves = _halves(self.weights)
        for name, half in halves.items():
            if not np.isfinite(half).all():
                raise CheckpointError(
                    f"a weight in {name!r} is too large for half precision (65504): "
                    "keep the checkpoint in single precision"
                )
        return replace(self, weights={n: h.astype(np.float32) for n, h in halves.items()})

    def check(self, where: str = "the checkpoint") -> None:
        """Check that config, vocabulary and weights belong together.

        Parameters
        ----------
        where : str
            What to call it in a message.

        Raises
        ------
        CheckpointError
            If the format, kind, config, vocabulary, a name or a shape is wrong, or a weight is
            not finite.
        """
        config = self.config
        if config.get("format") != FORMAT:
            raise CheckpointError(
                f"{where} is of format {config.get('format')!r}, this version of bachbot reads "
                f"{FORMAT!r}: use the version that wrote it, or train it again"
            )
        kind = config.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            raise CheckpointError(
                f"{where} is a model of kind {kind!r}, this version of bachbot knows "
                f"{', '.join(KINDS)}: use the version that wrote it"
            )
        if config.get("vocabulary_fingerprint") != self.vocabulary.fingerprint:
            raise CheckpointError(
                f"{where} was trained on the vocabulary {config.get('vocabulary_fingerprint')!r}, "
                f"but carries {self.vocabulary.fingerprint!r}: get it whole, or train it again"
            )
        if not isinstance(config.get("model"), Mapping):
            raise CheckpointError(f"{where} does not say its dimensions: get it whole again")
        try:
            wanted = self.model_config.weight_shapes(len(self.vocabulary))
        except UsageError as error:
            raise CheckpointError(
                f"{where} has a config that cannot be read ({error}): get it whole again, or use "
                "the version that wrote it"
            ) from error
        found = {name: np.shape(value) for name, value in self.weights.items()}
        for name in sorted(wanted.keys() | found.keys()):
            if wanted.get(name) != found.get(name):
                raise CheckpointError(
                    f"{where} has weights {name!r} of shape {found.get(name)}, its config asks "
                    f"for {wanted.get(name)}: it is damaged, get it whole again"
                )
        for name, value in self.weights.items():
            if not np.isfinite(value).all():
                raise CheckpointError(
                    f"{where} holds a weight in {name!r} that is not a finite number: "
                    "train it again with a lower learning rate, or get it whole again"
                )


def save_checkpoint(
    directory: Path, checkpoint: Checkpoint, *, extra: Mapping[str, bytes] | None = None
) -> None:
    """Write a checkpoint, so that a complete one exists at every moment.

    The new one is written beside the old one; the old one is renamed to ``NAME.previous``, the new
    one takes its name, and the old one is removed. `load_checkpoint` falls back to
    ``NAME.previous``.

    Parameters
    ----------
    directory : Path
        Where to write; its parent folder must exist. A checkpoint that is there is replaced.
    checkpoint : Checkpoint
        What to write.
    extra : mapping of str to bytes, optional
        More files by plain name, such as ``"metrics.jsonl"``.

    Raises
    ------
    CheckpointError
        If it could not be loaded again.
    OutputError
        If the file system refuses, or something else is in the way.
    """
    directory = Path(directory)
    checkpoint.check(f"the checkpoint for {directory}")
    files = _serialized(checkpoint) | dict(extra or {})
    for name in files:
        if name in ("", ".", "..") or Path(name).name != name:
            raise OutputError(f"'{name}' cannot be a file of a checkpoint: give a plain name")
    if not directory.parent.is_dir():
        raise OutputError(
            f"the folder {directory.parent} does not exist: create it, or write elsewhere"
        )
    if directory.exists() and not (directory / CONFIG).is_file() and any(_inside(directory)):
        raise OutputError(f"{directory} is there and is no checkpoint: write elsewhere")
    try:
        _write(directory, files)
    except OSError as error:
        raise OutputError(
            f"the checkpoint {directory} could not be written ({error.strerror or error}): "
            "free some room or write elsewhere"
        ) from error


def _serialized(checkpoint: Checkpoint) -> dict[str, bytes]:
    from safetensors.numpy import save

    weights = {
        name: np.ascontiguousarray(value, dtype=np.float32)
        for name, value in sorted(checkpoint.weights.items())
    }
    halves = _halves(weights)
    lossless = all(np.array_equal(halves[name], value) for name, value in weights.items())
    content = save(halves if lossless else weights)
    config = {**checkpoint.config, DIGEST: hashlib.sha256(content).hexdigest()}
    more = {}
    if checkpoint.features is not None:
        more[FEATURES] = checkpoint.features.to_bytes()
        config[FEATURES_DIGEST] = hashlib.sha256(more[FEATURES]).hexdigest()
    return more | {
        CONFIG: (json.dumps(config, indent=2) + "\n").encode(),
        VOCABULARY: (json.dumps(checkpoint.vocabulary.to_json()) + "\n").encode(),
        WEIGHTS: content,
    }


def _halves(weights: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float16]]:
    """Weights rounded to half precision, infinite where they are too large for it."""
    with np.errstate(over="ignore"):
        return {name: value.astype(np.float16) for name, value in weights.items()}


def _inside(path: Path) -> list[Path]:
    return list(path.iterdir()) if path.is_dir() else [path]


def _previous(directory: Path) -> Path:
    return directory.with_name(directory.name + ".previous")


def _write(directory: Path, files: Mapping[str, bytes]) -> None:
    stem = directory.name + ".tmp-"
    for left in directory.parent.iterdir():
        # A killed run leaves its half-written directory; a running one's is younger than this.
        if left.name.startswith(stem) and time.time() - left.stat().st_mtime > _STALE:
            shutil.rmtree(left, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(dir=directory.parent, prefix=stem))
    try:
        for name, content in files.items():
            with (temporary / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)  # mkdtemp gives 0700
        previous = _previous(directory)
        if directory.exists():
            shutil.rmtree(previous, ignore_errors=True)
            directory.rename(previous)
        temporary.rename(directory)
        shutil.rmtree(previous, ignore_errors=True)
    finally:
        with suppress(OSError):
            shutil.rmtree(temporary, ignore_errors=True)


def load_checkpoint(where: str | Path) -> Checkpoint:
    """Read a checkpoint.

    Parameters
    ----------
    where : str or Path
        Its directory, or the name of a shipped one.

    Returns
    -------
    Checkpoint
        Its weights are read-only.

    Raises
    ------
    CheckpointError
        If it is missing, damaged, of another format or kind, or its vocabulary does not match.
    """
    directory = _find(where)
    config = _json(directory / CONFIG)
    try:
        vocabulary = Vocabulary.from_json(_json(directory / VOCABULARY))
    except EncodingError as error:
        raise CheckpointError(f"{directory / VOCABULARY}: {error}") from error
    if not isinstance(config, dict):
        raise CheckpointError(
            f"{directory / CONFIG} holds no table: get the checkpoint whole again"
        )
    # The digest describes the files, not the model.
    weights = _weights(directory / WEIGHTS, config.pop(DIGEST, None))
    features = _features(directory / FEATURES, config.pop(FEATURES_DIGEST, None))
    checkpoint = Checkpoint(config, vocabulary, weights, features)
    checkpoint.check(str(directory))
    return checkpoint


def shipped_checkpoints() -> tuple[str, ...]:
    """Names of the checkpoints that are shipped with bachbot, sorted."""
    folder = data_folder("checkpoints")
    return tuple(sorted(p.parent.name for p in folder.glob(f"*/{CONFIG}")))


def _find(where: str | Path) -> Path:
    path = Path(where)
    candidates = [path, _previous(path)] if path.name else [path]
    if isinstance(where, str) and where == path.name:
        candidates.append(data_folder("checkpoints") / where)
    for candidate in candidates:
        if (candidate / CONFIG).is_file():
            return candidate
    names = ", ".join(shipped_checkpoints()) or "none"
    what = "is no checkpoint: it has no config.json" if path.is_dir() else "is not there"
    if path.is_file():
        what = "is a file, a checkpoint is a directory"
    raise CheckpointError(
        f"the checkpoint '{where}' {what}; give a checkpoint's directory, or the name of one that "
        f"comes with bachbot ({names})"
    )


def _content(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise CheckpointError(
                f"{path} has {path.stat().st_size} bytes, more than the {most} that are read: "
                "it is no part of a checkpoint"
            )
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path} could not be read ({error.strerror or error}): get the checkpoint whole again"
        ) from error


def _json(path: Path) -> object:
    content = _content(path, _MAX_JSON)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is damaged, it holds no JSON: get the checkpoint whole again"
        ) from error


def _checked(path: Path, most: int, digest: object) -> bytes:
    """The content of a file whose digest stands in the config, if any does."""
    content = _content(path, most)
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise CheckpointError(
            f"{path} is damaged, its weights are not those that its config was written for: "
            "get the checkpoint whole again"
        )
    return content


def _features(path: Path, digest: object) -> FeatureWeights | None:
    if digest is None:
        return None
    try:
        return FeatureWeights.from_bytes(_checked(path, _MAX_FEATURES, digest))
    except EncodingError as error:
        raise CheckpointError(f"{path}: {error}: get the checkpoint whole again") from error


def _weights(path: Path, digest: object) -> dict[str, NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = _checked(path, _MAX_WEIGHTS, digest)
    try:
        weights = load(content)
    # A dtype that numpy lacks, such as bfloat16, comes as a KeyError or an AttributeError.
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path} is damaged or holds weights of an unknown kind: get the checkpoint whole again"
        ) from error
    for name, value in weights.items():
        if value.dtype not in (np.float16, np.float32):
            raise CheckpointError(
                f"{path} holds {name!r} as {value.dtype}, float16 or float32 is wanted: "
                "get the checkpoint whole again"
            )
        weights[name] = value.astype(np.float32, copy=False)
        weights[name].setflags(write=False)
    return weights
