"""What an analysis is charged for: the numbers that a reading of a chorale is chosen by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Charges:
    """Charges, without unit; only their differences matter, and the reading charged least wins.

    They were set by hand and then fitted by an averaged perceptron (Collins, "Discriminative
    Training Methods for Hidden Markov Models", 2002, section 2) that adds the losses of wrong
    roots, keys and qualities to its search (Chiang, "Hope and Fear for Discriminative Training of
    Statistical Translation Models", 2012), to nineteen analyses of Bach's chorales by
    Andrew Jones and Dmitri Tymoczko that music21 carries. Fitted on three quarters of them they
    agree with the last quarter in root for 95%, in key for 89% and in all of key, root, quality
    and figures for 79% of the time (``tests/theory/fit_charges.py --folds 4``).

    Parameters
    ----------
    upper, bass_line : tuple of float
        A quarter note that is not of the chord, by how it is led (`Led`).
    lacking : tuple of float
        Root, third, fifth or seventh that does not sound: once, and once more for each of the
        segment's first two quarter notes.
    bass : tuple of float
        Bass at the segment's beginning: root, third or fifth of a triad, root, third, fifth or
        seventh of a seventh chord, or none of these.
    loose : float
        A second inversion that begins off the beat, beside its bass.
    level : tuple of float
        A chord that begins on the first of the bar, on its middle, on another beat, off the beat.
    shape : tuple of float
        By the place of its shape in `SHAPES`.
    family : tuple of float
        A numeral that is primary, secondary, borrowed, applied, an augmented sixth.
    step : tuple of float
        From one chord to the next (`Step`).
    cadential : float
        From the tonic to the dominant over one bass: what it weighs beside `step`.
    ending : tuple of float
        A phrase that ends on tonic, dominant or another chord (`Ending`).
    change : tuple of float
        A change of key within a phrase, and between two.
    direct : float
        A change of key without a chord that both keys know.
    distance : tuple of float
        A change of key by how far it goes (`progressions.distance`), a key that stays last.
    abroad : tuple of float
        A change into a key by how far that is from the piece's own, its own last.
    begin, end : float
        A piece that begins or ends in another key than its own.
    """

    upper: tuple[float, ...] = (0.35, 2.03, 0.70, 1.77, 3.00, 0.78, 1.14, 2.50)
    bass_line: tuple[float, ...] = (1.02, 1.51, 1.47, 2.04, 4.00, 0.97, 1.53, 3.00)
    lacking: tuple[float, ...] = (0.91, 0.62, 0.46, 0.63)
    bass: tuple[float, ...] = (-0.26, 0.04, 0.77, -0.08, -0.19, 0.35, 0.18, 0.93)
    loose: float = 0.46
    level: tuple[float, ...] = (0.00, 0.02, 0.09, 0.88)
    shape: tuple[float, ...] = (
        -0.23, 0.08, -0.20, 0.80, -0.28, 0.42, 0.43, 0.34, 0.06, 1.50, 0.50,
    )  # fmt: skip
    family: tuple[float, ...] = (-0.67, 0.30, 0.79, 0.62, 0.41)
    step: tuple[float, ...] = (
        0.22, -0.13, -0.17, 0.26, 0.31, 0.21, 0.11, 0.44, 0.98, 0.28, 0.45,
    )  # fmt: skip
    cadential: float = -0.70
    ending: tuple[float, ...] = (-0.26, 0.33, 1.22)
    change: tuple[float, ...] = (1.57, 0.78)
    direct: float = 0.79
    distance: tuple[float, ...] = (0.03, 0.07, 0.74, 1.01, 2.00, 0.00)
    abroad: tuple[float, ...] = (0.19, 0.29, 0.53, 0.80, 2.00, -0.24)
    begin: float = 2.02
    end: float = 1.59
