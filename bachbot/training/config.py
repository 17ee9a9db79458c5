"""What a training run is made of, and the presets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from bachbot.corpus.store import SPLITS, SplitName
from bachbot.errors import UsageError
from bachbot.models.lookahead import LookaheadConfig
from bachbot.models.lstm import LSTMConfig
from bachbot.runtime.kinds import KINDS, ModelConfig

Schedule = Literal["one-cycle", "halving"]
Clip = Literal["norm", "value"]
Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that a run's weights depend on, machine and versions aside.

    Parameters
    ----------
    preset : str
        Name of the preset that it began from; of no effect.
    kind : str
        Kind of model, a key of `bachbot.runtime.kinds.KINDS`.
    model : LSTMConfig or LookaheadConfig
        Size of the model and its dropout, of that kind.
    split : {"tune", "file"}
        Which split of the corpus to train and validate on.
    seed : int
        Seeds weights, dropout, the order of the pieces, their offsets or what is given of them.
    epochs : int
        Passes over the training part.
    batch : int
        Lanes that the text is laid in, each of which takes a chunk a step; of kind ``"lookahead"``
        the pieces that are read a step.
    chunk : int
        Tokens that gradients reach back over (truncated back-propagation through time); the state
        is carried from chunk to chunk. Of kind ``"lookahead"`` the most frames of a piece that are
        read at once.
    learning_rate : float
        Peak rate of the one-cycle schedule, or the rate that is halved.
    schedule : {"one-cycle", "halving"}
        Up and down once over the run (Smith and Topin, 2017), or halved every five epochs as the
        original's.
    warmup : float
        Share of a one-cycle run in which the rate rises, 0 to 1.
    weight_decay : float
        Decoupled weight decay (AdamW) of the matrices; with 0 it is Adam.
    beta2 : float
        Decay a step of Adam's mean of squared gradients.
    clip : {"norm", "value"}
        Whether gradients are clipped by their norm or element by element, as the original's.
    clip_at : float
        Where they are clipped.
    average : float
        Decay a step of an exponential moving average of the weights, which is then what is
        validated and kept; 0 keeps the weights themselves.
    transposed : float
        Share of the training pieces that each epoch hears transposed, 0 to 1.
    semitones : int
        How far those are moved at most, up or down.
    nothing : float
        Share of the times that a piece is heard with nothing of it given, 0 to 1; the other
        questions of `bachbot.training.examples` share the rest. Of kind ``"lookahead"`` alone.
    lookup : bool
        Whether the network looks up the training pieces as it goes (`bachbot.encoding.datastore`);
        they then travel with its weights. Of kind ``"lookahead"`` alone.
    teachers : str
        Checkpoints, with commas between them, whose opinion is learned beside the music: see
        `bachbot.training.distillation`. Of kind ``"lookahead"`` alone, as they themselves are.
    taught : float
        Share of the loss that is their opinion and not the music, 0 to 1; of no meaning without
        teachers.
    patience : int
        Epochs without a better validation loss after which the run ends early.
    precision : {"auto", "float32", "bfloat16"}
        bfloat16 runs the matrix products in it under autocast, where the device can; "auto" does
        where it pays.
    save_every : int
        Steps between two savings of the run's state; it is saved after each epoch as well.

    Raises
    ------
    UsageError
        If a value cannot be; the message names every fault.
    """

    preset: str = "paper"
    kind: str = "lstm"
    model: ModelConfig = field(default_factory=LSTMConfig)
    split: SplitName = "tune"
    seed: int = 0
    epochs: int = 30
    batch: int = 50
    chunk: int = 128
    learning_rate: float = 5e-3
    schedule: Schedule = "one-cycle"
    warmup: float = 0.3
    weight_decay: float = 0.0
    beta2: float = 0.999
    clip: Clip = "norm"
    clip_at: float = 1.0
    average: float = 0.0
    transposed: float = 0.0
    semitones: int = 3
    nothing: float = 0.1
    lookup: bool = False
    teachers: str = ""
    taught: float = 0.7
    patience: int = 10
    precision: Precision = "auto"
    save_every: int = 50

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise UsageError("; ".join(faults))

    def to_json(self) -> dict[str, Any]:
        """Plain data, the model's fields nested under ``"model"``."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TrainingConfig":
        """The inverse of `to_json`.

        Raises
        ------
        UsageError
            If a key is unknown or a value cannot be.
        """
        flat = {**{k: v for k, v in data.items() if k != "model"}, **data.get("model", {})}
        kind = flat.get("kind", "lstm")
        base = cls(kind=kind, model=KINDS[kind].load_config()()) if kind in KINDS else cls()
        return changed(base, flat)


def _faults(config: TrainingConfig) -> list[str]:
    low = {"epochs": 1, "batch": 1, "chunk": 2, "patience": 1, "save_every": 1, "seed": 0}
    faults = [
        f"{name} is {getattr(config, name)}: give {least} or more"
        for name, least in low.items()
        if getattr(config, name) < least
    ]
    spans: dict[str, tuple[float, float]] = {
        "learning_rate": (1e-8, 10), "warmup": (0, 0.9), "weight_decay": (0, 10),
        "beta2": (0, 0.99999), "clip_at": (1e-6, 1e6), "average": (0, 0.99999),
        "transposed": (0, 1), "semitones": (0, 6), "nothing": (0, 1),
        "taught": (0, 1),
    }  # fmt: skip
    faults += [
        f"{name} is {getattr(config, name)}: give {least:g} to {most:g}"
        for name, (least, most) in spans.items()
        if not least <= getattr(config, name) <= most
    ]
    words: dict[str, tuple[str, ...]] = {
        "split": SPLITS, "schedule": get_args(Schedule), "clip": get_args(Clip),
        "precision": get_args(Precision), "kind": tuple(KINDS),
    }  # fmt: skip
    faults += [
        f"{name} is '{getattr(config, name)}': give one of {', '.join(known)}"
        for name, known in words.items()
        if getattr(config, name) not in known
    ]
    if config.teachers and config.kind != "lookahead":
        faults.append(f"kind '{config.kind}' learns from no teachers: leave them out")
    if config.lookup and config.kind != "lookahead":
        faults.append(f"kind '{config.kind}' looks up nothing: leave lookup out")
    if getattr(config.model, "datastore_frames", 0) and not config.lookup:
        faults.append("datastore_frames follows from the pieces: leave it out, set lookup to true")
    if config.kind in KINDS and type(config.model) is not KINDS[config.kind].load_config():
        faults.append(
            f"kind is '{config.kind}', but the sizes are those of another kind: "
            "begin from a preset of that kind"
        )
    return faults


PRESETS: dict[str, TrainingConfig] = {
    "paper": TrainingConfig(),
    "original": TrainingConfig(
        preset="original",
        model=LSTMConfig(batch_norm=True),
        split="file",
        learning_rate=2e-3,
        schedule="halving",
        clip="value",
        clip_at=5.0,
    ),
    "tiny": TrainingConfig(
        preset="tiny",
        model=LSTMConfig(embedding=8, layers=2, hidden=16, dropout=0.1),
        epochs=2,
        batch=4,
        chunk=32,
        precision="float32",
        save_every=5,
    ),
    "lookahead": TrainingConfig(
        preset="lookahead",
        kind="lookahead",
        model=LookaheadConfig(encoder=192, hidden=384, dropout=0.4, token_dropout=0.1),
        epochs=75,
        batch=8,
        chunk=448,
        learning_rate=3e-3,
        warmup=0.15,
        weight_decay=0.03,
        beta2=0.98,
        average=0.999,
        transposed=0.8,
        semitones=5,
        patience=30,
    ),
    "lookahead-tiny": TrainingConfig(
        preset="lookahead-tiny",
        kind="lookahead",
        model=LookaheadConfig(
            embedding=8, encoder_layers=1, encoder=8, layers=2, hidden=16, width=16, dropout=0.1
        ),
        epochs=2,
        batch=2,
        chunk=48,
        beta2=0.98,
        precision="float32",
        save_every=3,
    ),
}
"""``paper`` is the article's network, trained as works best; ``original`` repeats its recipe to
the letter; ``lookahead`` reads all that is given before it writes. ``tiny`` and ``lookahead-tiny``
are over in seconds and are for tests."""


def preset(name: str) -> TrainingConfig:
    """A preset by its name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise UsageError(f"there is no preset '{name}': give one of {', '.join(PRESETS)}")
    return PRESETS[name]


def changed(config: TrainingConfig, changes: Mapping[str, Any]) -> TrainingConfig:
    """A config with other values for some fields, its own or its model's.

    Parameters
    ----------
    config : TrainingConfig
        What to start from.
    changes : mapping
        Values by field name. A text, as options give it, is read as the field's type.

    Raises
    ------
    UsageError
        If a key is unknown, or a value is of another type or cannot be; the message names every
        fault.
    """
    own = {f.name: getattr(config, f.name) for f in fields(config) if f.name != "model"}
    inner = {f.name: getattr(config.model, f.name) for f in fields(config.model)}
    faults: list[str] = []
    read: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in own and name not in inner:
            faults.append(f"there is no setting '{name}'")
            continue
        wanted = type(own[name] if name in own else inner[name])
        try:
            read[name] = _read(value, wanted)
        except ValueError:
            faults.append(f"{name} is {value!r}: give {_NAMES[wanted]}")
    model, rest = config.model, {k: v for k, v in read.items() if k in own}
    try:
        model = replace(model, **{k: v for k, v in read.items() if k in inner})
    except UsageError as error:
        faults.append(str(error))
    try:
        config = replace(config, model=model, **rest)
    except UsageError as error:
        faults.append(str(error))
    if faults:
        hint = ""
        if any(f.startswith("there is no setting") for f in faults):
            hint = f" (settings are {', '.join([*own, *inner])})"
        raise UsageError("; ".join(faults) + hint)
    return config


def differences(config: TrainingConfig, base: TrainingConfig) -> dict[str, Any]:
    """The fields of a config, its model's among them, that differ from another's."""
    ours, theirs = config.to_json(), base.to_json()
    ours, theirs = ours | ours.pop("model"), theirs | theirs.pop("model")
    return {k: v for k, v in ours.items() if k != "preset" and theirs.get(k) != v}


_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}


def _read(value: Any, wanted: type) -> Any:
    if isinstance(value, str) and wanted is not str:
        if wanted is bool:
            words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
            if value.lower() not in words:
                raise ValueError
            return words[value.lower()]
        return wanted(value)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise ValueError
    return value
