"""The model card, written from a checkpoint's own config."""

from collections.abc import Mapping
from typing import Any

from bachbot.training.config import TrainingConfig, differences
from bachbot.training.kinds import KINDS, PRESETS, config_from_json, default_config

_OPTIONS = {"split": "--split", "seed": "--seed", "epochs": "--epochs", "precision": "--precision"}
"""Settings that have an option of their own; the others are given with ``--set``."""


def training_command(config: TrainingConfig) -> str:
    """The command that trains with a config, without its folders."""
    words = ["bachbot train", f"--preset {config.preset}"]
    base = PRESETS.get(config.preset, default_config(config.kind))
    derived = KINDS[config.kind].derived
    changes = {"split": config.split, **differences(config, base)}
    # The options come before the settings that have none.
    for name, value in sorted(changes.items(), key=lambda change: change[0] not in _OPTIONS):
        if name in derived:
            continue
        text = ",".join(value) if isinstance(value, tuple) else value
        words.append(f"{_OPTIONS[name]} {text}" if name in _OPTIONS else f"--set {name}={text}")
    return " ".join(words)


def write_model_card(config: Mapping[str, Any]) -> str:
    """Write a model card in Markdown.

    Parameters
    ----------
    config : mapping
        A checkpoint's ``config.json``, its training record with losses included.

    Returns
    -------
    str
        Data, split, command, results, time and hardware.

    Raises
    ------
    UsageError
        If the record has settings that this version does not know.
    """
    record = config["training"]
    training = config_from_json(record["config"])
    kind = KINDS[config["kind"]]
    text = kind.card(config, training)
    pieces = record["pieces"]
    split = "by tune, so that no tune is in two parts" if training.split == "tune" else "by file"
    tables = "\n\n".join(
        f"### {table.title}\n\n{table.to_markdown()}" for table in kind.results(record["losses"])
    )
    processes = "process" if record["processes"] == 1 else "processes"
    return f"""# {training.preset} ({training.split} split)

{text.summary}

- **Network**: {text.network} Kind `{config["kind"]}`, format `{config["format"]}`.
- **Data**: Bach's four-part chorales from the corpus of music21, as `bachbot corpus prepare` \
prepares them (fingerprint `{config["corpus_fingerprint"]}`). {pieces["train"]} pieces for \
training ({record["train_tokens"]:,} {text.tokens}), {pieces["validation"]} for validation, \
{pieces["test"]} for testing.
- **Split**: {split}.
- **Training**: {text.batch}; {_describe_optimizer(training)}.
- **Command**: `{training_command(training)}{_device_options(record)} -o runs/NAME`, \
then `bachbot train export runs/NAME -o checkpoints/NAME`.
- **Time**: {record["seconds"] / 60:.1f} minutes for {record["epochs"]} epochs, \
{record["tokens_per_second"]:,.0f} tokens per second in {record["precision"]}, on \
{record["machine"]} ({record["processes"]} {processes}); torch {record["versions"]["torch"]}.
- **Selected**: the weights of epoch {record["best_epoch"]}, the best by {text.selected_by}. Their \
training loss was {record[kind.units.train_key]:.3f} {kind.units.train}, with dropout on.
{_describe_preference(config)}{_describe_decoding(config)}
## Results

{text.results_intro}

{tables}

{text.results_notes}

## Limitations

{text.limitations}
"""


def _describe_decoding(config: Mapping[str, Any]) -> str:
    """A line on what beam search adds to the network; empty if nothing."""
    expert, features = config.get("expert"), config.get("features")
    parts = []
    if expert is not None:
        parts.append(f"averages the network's log-probabilities with those of `{expert}`")
    if features is not None:
        mean = f"the mean of {features['sets']} sets; " if "sets" in features else ""
        parts.append(
            f"adds {features['weights']:,} learned weights of local features "
            f"(`features.safetensors`; {mean}the last run of `bachbot train features`: "
            f"{features['rounds']} rounds of {features['pieces']} tunes, a beam of "
            f"{features['beam']})"
        )
    if not parts:
        return ""
    return f"- **Decoding**: beam search {' and '.join(parts)}. Sampling runs the network alone.\n"


def _describe_preference(config: Mapping[str, Any]) -> str:
    """A line on preference tuning after training; empty if there was none."""
    preference = config.get("preference")
    if preference is None:
        return ""
    options, best = preference["options"], preference["best"]
    changed = ", ".join(f"{name} {value:g}" for name, value in options.items())
    return (
        f"- **Preference tuning**: from checkpoint `{preference['from']}` on "
        f"{preference['pairs']} pairs (`bachbot train prefer`, fingerprint "
        f"`{preference['fingerprint']}`; {changed}), epoch {best['epoch']} of "
        f"{preference['epochs']}. On {preference['held_out']} held-out pairs the better piece "
        f"gained more in {best['accuracy']:.0%} of the stretches, and the divergence from the "
        f"checkpoint was {best['kl']:.4f} nats per token. The results below are those of the tuned "
        "network; all of the above is about the training before.\n"
    )


def _device_options(record: Mapping[str, Any]) -> str:
    """Device and threads, which determine the last digits of the weights."""
    if record.get("device") != "cpu":
        return ""
    return f" --device cpu --threads {record['threads']}"


def _describe_optimizer(config: TrainingConfig) -> str:
    optimizer, data = config.optimizer, config.data
    rate = f"{optimizer.learning_rate:g}"
    words = [
        "AdamW" if optimizer.weight_decay else "Adam",
        f"learning rate {rate}, halved every five epochs"
        if optimizer.schedule == "halving"
        else f"a one-cycle schedule with the peak learning rate {rate}",
        f"gradients clipped to {'a norm of ' if optimizer.clipping_mode == 'norm' else ''}"
        f"{optimizer.gradient_clipping:g}"
        f"{'' if optimizer.clipping_mode == 'norm' else ' element by element'}",
    ]
    if optimizer.weight_decay:
        words.append(f"weight decay {optimizer.weight_decay:g}")
    if optimizer.beta2 != 0.999:
        words.append(f"beta2 {optimizer.beta2:g}")
    if data.transpose_share:
        words.append(
            f"{data.transpose_share:.0%} of the pieces transposed by up to {data.max_semitones} "
            "semitones, sampled again in each epoch"
        )
    if optimizer.ema_decay:
        words.append(
            f"an exponential moving average of the weights with decay {optimizer.ema_decay:g}"
        )
    return "; ".join(words)
