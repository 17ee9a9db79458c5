"""What a tuned network must not lose: different chords, and bars of its own."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bachbot.chorale import Chorale, Voice
from bachbot.decoding import fill_request
from bachbot.evaluation import novelty, variety
from bachbot.evaluation.generated import harmonize_pieces
from bachbot.evaluation.novelty import TrainingIndex
from bachbot.runtime import Checkpoint, build_decoding_model
from bachbot.training.preference.options import PreferenceOptions

_LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)


@dataclass(frozen=True)
class GuardFigures:
    """Figures of the harmonizations of some tunes.

    Parameters
    ----------
    different_chords : float
        Different chords per beat, as `bachbot.evaluation.variety` counts them.
    copied_bars : float
        Share of the bars of alto, tenor and bass together that a training piece has, 0 to 1.
    """

    different_chords: float
    copied_bars: float

    def to_json(self) -> dict[str, float]:
        """As plain data."""
        return asdict(self)

    def faults(self, before: "GuardFigures", options: PreferenceOptions) -> list[str]:
        """What is worse than before by more than the tolerance, a line each."""
        found = []
        if self.different_chords < before.different_chords * (1 - options.chord_tolerance):
            found.append(
                f"different chords per beat fell from {before.different_chords:.3f} to "
                f"{self.different_chords:.3f}"
            )
        if self.copied_bars > before.copied_bars + options.copy_tolerance:
            found.append(
                f"copied bars rose from {before.copied_bars:.1%} to {self.copied_bars:.1%}"
            )
        return found


def measure_guards(
    checkpoint: Checkpoint, tunes: Sequence[Chorale], index: TrainingIndex
) -> GuardFigures:
    """Harmonize sopranos by the default decoding and measure the result.

    Parameters
    ----------
    checkpoint : Checkpoint
        The network, with its expert and features.
    tunes : sequence of Chorale
        One or more, in C major or A minor, none of them a training piece.
    index : TrainingIndex
        The training pieces.
    """
    model = build_decoding_model(checkpoint)
    ours = harmonize_pieces(model, [fill_request(tune, (Voice.SOPRANO,)) for tune in tunes])
    copied = novelty.measure(ours, index, written=_LOWER).figures[_LOWER]["copied_bars"]
    return GuardFigures(
        variety.measure(ours).different_chords_per_beat.mean,
        copied.mean if len(copied.values) else 0.0,
    )
