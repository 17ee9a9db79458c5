"""One chorale as a checkpoint predicts it: a piano roll of probabilities with the notes on top."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice
from bachbot.evaluation.interpretability.pianoroll import PianoRoll, piano_roll
from bachbot.report.context import Advance, Request
from bachbot.report.figures import BACH, COLORS, Figure, drawing
from bachbot.report.section import Bench, Block, Results, Section

FEWEST_BARS = 8
"""Minimum number of bars of the chorale that is shown, if there is one that long."""

_MARGIN = 4  # semitones shown beyond the written notes
_STRENGTH = 0.6
"""Exponent of a probability before it becomes opacity, so that unlikely pitches are visible too."""

_NAMES = {0: "C", 4: "E", 7: "G"}
"""Pitch classes that are named on the axis."""


def chosen(pieces: Sequence[Chorale]) -> Chorale:
    """The shortest piece of eight bars or more, or else the longest; of equals the first."""
    long = [p for p in pieces if len(p.bar_starts) >= FEWEST_BARS]
    if long:
        return min(long, key=lambda p: (p.frames, p.name))
    return max(sorted(pieces, key=lambda p: p.name), key=lambda p: p.frames)


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """The piano roll of one chorale, without given voices."""
    chorale = chosen(bench.context.pieces)
    roll = piano_roll(bench.model, chorale)
    return {
        "chorale": chorale.name,
        "key": str(chorale.key),
        "frames": chorale.frames,
        "nats_per_frame": float(roll.nats.sum() / chorale.frames),
        "starts": chorale.bar_starts.tolist(),
        "fermata": np.flatnonzero(chorale.fermata).tolist(),
        "voices": {voice.label: _voice(chorale, roll, voice) for voice in VOICES},
    }


def _voice(chorale: Chorale, roll: PianoRoll, voice: Voice) -> dict[str, Any]:
    """Probabilities around the range of the written notes, and those notes."""
    pitch = chorale.pitch[:, voice]
    sounding = pitch[pitch != REST]
    low, high = (int(sounding.min()), int(sounding.max())) if sounding.size else (60, 60)
    low = max(low - _MARGIN, roll.low)
    high = min(high + _MARGIN, roll.low + roll.pitch.shape[2] - 1)
    shown = roll.pitch[:, voice, low - roll.low : high + 1 - roll.low]  # [T, P]
    return {
        "low": low,
        "probability": np.round(shown, 3).tolist(),
        "notes": _notes(chorale, voice),
        "nats": float(roll.nats[:, voice].mean()),
    }


def _notes(chorale: Chorale, voice: Voice) -> list[tuple[int, int, int]]:
    """Every note as first frame, frame after the last, and pitch."""
    begins = np.flatnonzero(~chorale.tied[:, voice])
    ends = [*begins[1:].tolist(), chorale.frames]
    pitch: NDArray[np.int16] = chorale.pitch[:, voice]
    return [
        (int(start), int(stop), int(pitch[start]))
        for start, stop in zip(begins.tolist(), ends, strict=True)
        if pitch[start] != REST
    ]


def public(result: Mapping[str, Any]) -> dict[str, Any]:
    """All but the notes and their probabilities, which may not be passed on."""
    kept = ("chorale", "key", "frames", "nats_per_frame")
    nats = {label: voice["nats"] for label, voice in result["voices"].items()}
    return {name: result[name] for name in kept} | {"nats_by_voice": nats}


def blocks(results: Results, request: Request) -> list[Block]:
    """A figure for each checkpoint."""
    return [_figure(f"roll-{n}", *item) for n, item in enumerate(results.items())]


def _figure(key: str, name: str, roll: Mapping[str, Any]) -> Figure:
    voices = roll["voices"]
    heights = [len(voice["probability"][0]) for voice in voices.values()]
    with drawing(
        key, 0.8 + 0.092 * sum(heights), rows=len(voices), sharex=True,
        gridspec_kw={"height_ratios": heights},
    ) as drawn:  # fmt: skip
        for axes, (label, voice) in zip(drawn.axes, voices.items(), strict=True):
            _draw(axes, label, voice, roll)
        drawn.axes[-1].set_xlabel("bar line")
    return Figure(
        drawn.svg,
        f"{name} predicts {roll['chorale']} ({roll['key']}, {len(roll['starts'])} bars) note by "
        "note, given all earlier notes, and meter and fermatas if it is conditioned on them. The "
        "darker a pitch, the more probable. Outlined: Bach's notes, at "
        f"{roll['nats_per_frame']:.2f} nats per frame. Dots on top: fermatas.",
    )


def _draw(axes: Any, label: str, voice: Mapping[str, Any], roll: Mapping[str, Any]) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    probability = np.array(voice["probability"])  # [T, P]
    low, high = voice["low"], voice["low"] + probability.shape[1] - 1
    ink = np.empty((*probability.T.shape, 4))
    ink[..., :3] = to_rgb(COLORS[0])
    ink[..., 3] = probability.T**_STRENGTH
    extent = (0, len(probability), low - 0.5, high + 0.5)
    axes.imshow(ink, origin="lower", aspect="auto", extent=extent, interpolation="nearest")
    for start, stop, pitch in voice["notes"]:
        axes.add_patch(
            Rectangle((start + 0.1, pitch - 0.5), stop - start - 0.2, 1, fill=False, lw=0.9,
                      edgecolor=BACH)
        )  # fmt: skip
    if label == Voice.SOPRANO.label:
        under = roll["fermata"]
        axes.plot([frame + 0.5 for frame in under], [high + 0.1] * len(under), ".", color=BACH,
                  ms=2.5)  # fmt: skip
    starts = roll["starts"]
    axes.set_xticks(starts, [str(n) for n in range(1, len(starts) + 1)])
    axes.set_xticks(range(0, len(probability), FRAMES_PER_QUARTER), minor=True)
    named = {p: f"{_NAMES[p % 12]}{p // 12 - 1}" for p in range(low, high + 1) if p % 12 in _NAMES}
    axes.set_yticks(list(named), list(named.values()), fontsize=7.5)
    axes.grid(axis="y", visible=False)
    axes.set_ylabel(label)


PIANOROLL = Section("pianoroll", "One chorale as it is predicted", compute, blocks, public=public)
