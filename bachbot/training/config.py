"""The configuration of a training run: optimizer, data, model and objective.

The parts ``model`` and ``objective`` are dataclasses of the kind of model that is trained; the
package `bachbot.training.kinds` has them, and the presets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args

from bachbot.corpus.store import SPLITS, SplitName
from bachbot.errors import UsageError

Schedule = Literal["one-cycle", "halving"]
ClippingMode = Literal["norm", "value"]
Precision = Literal["auto", "float32", "bfloat16"]


def range_faults(part: Any, ranges: Mapping[str, tuple[float, float]]) -> list[str]:
    """A message for each field of a dataclass that is outside its range.

    Parameters
    ----------
    part : dataclass
        Holds the values.
    ranges : mapping of str to (float, float)
        Lowest and highest allowed value by field name; a highest of infinity means no limit.
    """
    faults = []
    for name, (low, high) in ranges.items():
        value = getattr(part, name)
        if not low <= value <= high:
            wanted = f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"
            faults.append(f"{name} is {value}: give {wanted}")
    return faults


def choice_faults(part: Any, choices: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A message for each field of a dataclass that is none of its allowed words."""
    return [
        f"{name} is '{getattr(part, name)}': give one of {', '.join(allowed)}"
        for name, allowed in choices.items()
        if getattr(part, name) not in allowed
    ]


def _check(faults: list[str]) -> None:
    if faults:
        raise UsageError("; ".join(faults))


_NO_LIMIT = float("inf")


@dataclass(frozen=True)
class OptimizerConfig:
    """Settings of the optimizer.

    Parameters
    ----------
    learning_rate : float
        Peak rate of the one-cycle schedule, or the first rate of the halving one.
    schedule : {"one-cycle", "halving"}
        ``"one-cycle"`` raises and lowers the rate once over the run (Smith and Topin, 2017);
        ``"halving"`` halves it every five epochs, as the original BachBot did.
    warmup : float
        Share of a one-cycle run in which the rate rises, 0 to 0.9.
    weight_decay : float
        Decoupled weight decay (AdamW) of the weight matrices; with 0 the optimizer is Adam.
    beta2 : float
        Decay rate of Adam's second moment.
    gradient_clipping : float
        Limit to which gradients are clipped.
    clipping_mode : {"norm", "value"}
        Whether the limit applies to the norm of all gradients or to each element.
    ema_decay : float
        Decay rate of an exponential moving average of the weights. The averaged weights are the
        ones that are validated and saved. 0 turns averaging off.

    Raises
    ------
    UsageError
        If a value is out of range; the message names every fault.
    """

    learning_rate: float = 5e-3
    schedule: Schedule = "one-cycle"
    warmup: float = 0.3
    weight_decay: float = 0.0
    beta2: float = 0.999
    gradient_clipping: float = 1.0
    clipping_mode: ClippingMode = "norm"
    ema_decay: float = 0.0

    def __post_init__(self) -> None:
        ranges = {
            "learning_rate": (1e-8, 10.0), "warmup": (0.0, 0.9), "weight_decay": (0.0, 10.0),
            "beta2": (0.0, 0.99999), "gradient_clipping": (1e-6, 1e6), "ema_decay": (0.0, 0.99999),
        }  # fmt: skip
        choices = {"schedule": get_args(Schedule), "clipping_mode": get_args(ClippingMode)}
        _check(range_faults(self, ranges) + choice_faults(self, choices))


@dataclass(frozen=True)
class DataConfig:
    """Settings of the training data.

    Parameters
    ----------
    batch_size : int
        Sequences that are processed side by side in a step, over all processes.
    transpose_share : float
        Share of the training pieces that are transposed, sampled again in each epoch, 0 to 1.
    max_semitones : int
        Largest transposition up or down, 0 to 6.

    Raises
    ------
    UsageError
        If a value is out of range; the message names every fault.
    """

    batch_size: int = 50
    transpose_share: float = 0.0
    max_semitones: int = 3

    def __post_init__(self) -> None:
        ranges = {
            "batch_size": (1, _NO_LIMIT), "transpose_share": (0.0, 1.0), "max_semitones": (0, 6),
        }  # fmt: skip
        _check(range_faults(self, ranges))


@dataclass(frozen=True)
class ObjectiveConfig:
    """Settings of what a model is trained on: the base class of those of each kind.

    Attributes
    ----------
    kind : str
        Name of the kind of model, as a checkpoint's ``kind`` has it.
    model_config : type
        Dataclass of the sizes of a model of that kind.
    """

    kind: ClassVar[str] = ""
    model_config: ClassVar[type] = object

    def model_faults(self, model: Any) -> list[str]:
        """What is wrong with the combination of this objective and a model's sizes."""
        return []


ModelT = TypeVar("ModelT")
ObjectiveT = TypeVar("ObjectiveT", bound=ObjectiveConfig)


@dataclass(frozen=True)
class TrainingConfig(Generic[ModelT, ObjectiveT]):
    """Everything that determines a run's weights, except hardware and versions.

    Parameters
    ----------
    preset : str
        Name of the preset that the settings started from; informative only.
    model : dataclass
        Sizes of the model and its dropout.
    objective : ObjectiveConfig
        What it is trained on; decides the kind of model.
    optimizer : OptimizerConfig
        Learning rate and the rest.
    data : DataConfig
        Batches and augmentation.
    split : {"tune", "file"}
        Which split of the corpus to train and validate on.
    seed : int
        Seed of weights, dropout, the order of the pieces and all augmentation, 0 or more.
    epochs : int
        Passes over the training part, 1 or more.
    patience : int
        The run ends early after this many epochs without a better validation loss.
    precision : {"auto", "float32", "bfloat16"}
        bfloat16 runs matrix products in bfloat16 under autocast, where the device can; "auto"
        does so where it is faster.
    save_every : int
        Steps between two saved states; the state is saved after each epoch as well.

    Raises
    ------
    UsageError
        If a value is out of range; the message names every fault.
    """

    preset: str
    model: ModelT
    objective: ObjectiveT
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    data: DataConfig = field(default_factory=DataConfig)
    split: SplitName = "tune"
    seed: int = 0
    epochs: int = 30
    patience: int = 10
    precision: Precision = "auto"
    save_every: int = 50

    def __post_init__(self) -> None:
        least = {"epochs": 1, "patience": 1, "save_every": 1, "seed": 0}
        choices = {"split": SPLITS, "precision": get_args(Precision)}
        faults = range_faults(self, {name: (low, _NO_LIMIT) for name, low in least.items()})
        faults += choice_faults(self, choices)
        if type(self.model) is not self.objective.model_config:
            faults.append(
                f"the objective is that of kind '{self.kind}', the model is of another kind: "
                "start from a preset of that kind"
            )
        else:
            faults += self.objective.model_faults(self.model)
        _check(faults)

    @property
    def kind(self) -> str:
        """Kind of model, a key of `bachbot.training.kinds.KINDS`."""
        return self.objective.kind

    def to_json(self) -> dict[str, Any]:
        """Plain data, each part nested under its name."""
        return {"kind": self.kind, **_plain(asdict(self))}


def _plain(value: Any) -> Any:
    """The same value with lists in place of tuples."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return list(value) if isinstance(value, tuple) else value


CONFIG_PARTS = ("optimizer", "data", "model", "objective")
"""Fields of a `TrainingConfig` that have fields of their own."""


def settings_of(config: TrainingConfig) -> dict[str, Any]:
    """Every setting by its full name, such as ``"epochs"`` or ``"optimizer.learning_rate"``."""
    return dict(_settings(config))


def _settings(config: TrainingConfig) -> Iterator[tuple[str, Any]]:
    for outer in fields(config):
        value = getattr(config, outer.name)
        if outer.name in CONFIG_PARTS:
            yield from ((f"{outer.name}.{f.name}", getattr(value, f.name)) for f in fields(value))
        else:
            yield outer.name, value


def changed(config: TrainingConfig, changes: Mapping[str, Any]) -> TrainingConfig:
    """A copy of a config with other values for some settings.

    Parameters
    ----------
    config : TrainingConfig
        What to start from.
    changes : mapping
        Values by name: either the field's name alone, such as ``"dropout"``, or with its part, such
        as ``"model.dropout"``. Strings, as the command line gives them, are converted to the
        field's type.

    Raises
    ------
    UsageError
        If a name is unknown or ambiguous, or a value is of another type or out of range; the
        message names every fault.
    """
    settings = settings_of(config)
    faults: list[str] = []
    values: dict[str, dict[str, Any]] = {part: {} for part in ("", *CONFIG_PARTS)}
    unknown = False
    for name, value in changes.items():
        found = [full for full in settings if name in (full, full.rpartition(".")[2])]
        if len(found) > 1:
            faults.append(f"'{name}' is ambiguous: give one of {', '.join(found)}")
        elif name == "kind":
            faults.append("the kind of model follows from the preset: start from another preset")
        elif not found:
            unknown = True
            faults.append(f"there is no setting '{name}'")
        else:
            [full] = found
            part, _, inner = full.rpartition(".")
            try:
                values[part][inner] = _convert(value, settings[full])
            except ValueError:
                faults.append(f"{name} is {value!r}: give {_wanted(settings[full])}")
    # Every part is tried, so that one message can name all faults.
    parts: dict[str, Any] = {}
    for part in CONFIG_PARTS:
        try:
            parts[part] = replace(getattr(config, part), **values[part])
        except UsageError as error:
            faults.append(str(error))
    try:
        config = replace(config, **parts, **values[""])
    except UsageError as error:
        faults.append(str(error))
    if faults:
        hint = f" (settings are {', '.join(s.rpartition('.')[2] for s in settings)})"
        raise UsageError("; ".join(faults) + (hint if unknown else ""))
    return config


def from_nested(base: TrainingConfig, data: Mapping[str, Any]) -> TrainingConfig:
    """The config that `TrainingConfig.to_json` made plain data of.

    Parameters
    ----------
    base : TrainingConfig
        A config of the kind in the data, whose values replace missing ones.
    data : mapping
        Plain data.

    Raises
    ------
    UsageError
        If a key is unknown or a value is of another type or out of range; the message names every
        fault.
    """
    changes: dict[str, Any] = {}
    for name, value in data.items():
        if name in CONFIG_PARTS and isinstance(value, Mapping):
            changes |= {f"{name}.{inner}": v for inner, v in value.items()}
        elif name != "kind":
            changes[name] = value
    return changed(base, changes)


def differences(config: TrainingConfig, base: TrainingConfig) -> dict[str, Any]:
    """The settings of a config that differ from another's, by field name.

    ``"preset"`` is left out. Configs of two kinds differ in ``"kind"`` too.
    """
    ours, theirs = settings_of(config), settings_of(base)
    found = {"kind": config.kind} if config.kind != base.kind else {}
    return found | {
        name.rpartition(".")[2]: value
        for name, value in ours.items()
        if name != "preset" and (name not in theirs or theirs[name] != value)
    }


_WANTED = {
    int: "a whole number", float: "a number", bool: "true or false", str: "a word",
    tuple: "names with commas between them",
}  # fmt: skip

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _wanted(current: Any) -> str:
    return _WANTED[type(current)]


def _convert(value: Any, current: Any) -> Any:
    """A value as the type of the current one; raises ValueError if it cannot be converted."""
    wanted = type(current)
    if wanted is tuple:
        return _names(value)
    if isinstance(value, str) and wanted is not str:
        if wanted is bool:
            if value.lower() not in _BOOLEANS:
                raise ValueError
            return _BOOLEANS[value.lower()]
        return wanted(value)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise ValueError
    return value


def _names(value: Any) -> tuple[str, ...]:
    """A tuple of names, given as one or as a text with commas between them."""
    if isinstance(value, str):
        value = [name.strip() for name in value.split(",") if name.strip()]
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise ValueError
    return tuple(value)
