"""The metronome mark of a tempo, in the beat of its meter."""

from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

_UNITS = {
    Fraction(4): "whole",
    Fraction(2): "half",
    Fraction(1): "quarter",
    Fraction(1, 2): "eighth",
    Fraction(1, 4): "16th",
    Fraction(1, 8): "32nd",
}
_DOTTED = Fraction(3, 2)


def metronome(tempo: float, beat: Fraction) -> Element:
    """The ``metronome`` element of a tempo, as a conductor counts it.

    The number is whole: what is played says ``sound`` exactly, which stands beside it.

    Parameters
    ----------
    tempo : float
        Quarter notes per minute.
    beat : Fraction
        Length of a beat in quarter notes: 3/2 in 6/8, whose mark has a dotted quarter.

    Examples
    --------
    >>> mark = metronome(84, Fraction(3, 2))
    >>> [(child.tag, child.text) for child in mark]
    [('beat-unit', 'quarter'), ('beat-unit-dot', None), ('per-minute', '56')]
    """
    dotted = beat not in _UNITS and beat / _DOTTED in _UNITS
    unit = _UNITS.get(beat / _DOTTED if dotted else beat)
    if unit is None:  # no note is as long as such a beat
        unit, beat = "quarter", Fraction(1)
    mark = Element("metronome")
    SubElement(mark, "beat-unit").text = unit
    if dotted:
        SubElement(mark, "beat-unit-dot")
    SubElement(mark, "per-minute").text = f"{tempo / float(beat):.0f}"
    return mark
