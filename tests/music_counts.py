"""One measure of the music of a made-up piece, by its name in the table."""

from bachbot.evaluation.music import MEASURES


def count(name, chorale):
    """How often, and out of how many."""
    [measure] = [m for m in MEASURES if m.name == name]
    return measure.count_in(chorale)


def chords(*rows):
    """Four lines of text from chords, each of them four notes from the top."""
    return [" ".join(voice) for voice in zip(*(row.split() for row in rows), strict=True)]
