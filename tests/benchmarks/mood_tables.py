"""Print the tables of moods and of a slide show in checkpoints/RESULTS.md.

Run ``python tests/benchmarks/mood_tables.py`` from the root of the repository: it harmonizes the
nine examples as they are and in six moods, 63 pieces, and says on standard error which is done.
"""

# ruff: noqa: T201

import sys
from pathlib import Path
from statistics import mean

import numpy as np

from bachbot import Engine, load_score
from bachbot.chorale import Voice
from bachbot.engine.slides import Slide, SlideShow
from bachbot.engine.slideshow import assemble
from bachbot.scores import soundings
from bachbot.scores.pitch import pitch_label
from bachbot.scores.sound.timing import perform
from bachbot.theory.explanation import find_faults
from bachbot.theory.moods import MOODS

EXAMPLES = sorted(path for path in Path("corpus/examples").iterdir() if path.suffix != ".md")
SLIDES = (
    Slide(12, "joyful"), Slide(9.5, "grieving"), Slide(20, "tender"), Slide(7, "restless"),
    Slide(15, "solemn"), Slide(14, "serene"),
)  # fmt: skip


def _faults(score):
    return len(find_faults(score.chorale))


def _soprano(score):
    pitch = score.chorale.pitch[:, Voice.SOPRANO]
    pitch, fifths = pitch[pitch >= 0], score.chorale.key.fifths
    return f"{pitch_label(int(pitch.min()), fifths)}-{pitch_label(int(pitch.max()), fifths)}"


def _row(*cells):
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def _say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    engine = Engine.load()
    scores = {path.stem: load_score(path) for path in EXAMPLES}
    plain, moods = {}, {}
    for name, score in scores.items():
        [best] = engine.harmonize(score)
        plain[name] = _faults(best.score)
        _say(f"{name}: {score.chorale.key}, {plain[name]} faults")
        for mood in MOODS:
            [moods[name, mood]] = engine.mood(score, mood)
            one = moods[name, mood]
            _say(f"{name} {mood}: {one.changes}; {_faults(one.score)} faults")
    print("**Keys and sopranos of nine tunes in six moods**\n")
    _row("tune", "its own", *MOODS)
    _row("---", *["---"] * (len(MOODS) + 1))
    for name, score in scores.items():
        found = [moods[name, mood].score for mood in MOODS]
        _row(
            name,
            f"{score.chorale.key}, {_soprano(score)}",
            *(f"{one.chorale.key}, {_soprano(one)}" for one in found),
        )
    print("\n**Nine tunes in six moods, harmonized**\n")
    _row("mood", "recognizability, least", "mean", "quarter notes per minute", "faults per piece")
    _row("---", *["---:"] * 4)
    _row("as they are", "", "", 72, f"{mean(plain.values()):.1f}")
    for mood in MOODS:
        found = [moods[name, mood] for name in scores]
        shares = [one.recognizability for one in found]
        tempos = sorted({round(one.tempo) for one in found})
        faults = mean(_faults(one.score) for one in found)
        _row(mood, f"{min(shares):.3f}", f"{mean(shares):.3f}", *tempos[:1], f"{faults:.1f}")
    print("\n**A slide show of six slides: beats between slide and music**\n")
    _row("tune", *(slide.mood for slide in SLIDES), "end, s of 77.5", "tempos")
    _row("---", *["---:"] * (len(SLIDES) + 2))
    for name, score in scores.items():
        show = assemble(SlideShow(SLIDES), score, {mood: moods[name, mood] for mood in MOODS})
        played = perform(soundings(show.score), tempo=show.score.performance)
        struck = np.array([note.start for note in played])
        off = [float(np.abs(struck - one.wanted).min()) * one.tempo / 60 for one in show.times]
        end = max(note.stop for note in played)
        tempos = " ".join(f"{one.tempo:.0f}" for one in show.times)
        _row(name, *(f"{one:.2f}" for one in off), f"{end:.2f}", tempos)


if __name__ == "__main__":
    main()
