"""README.txt of a listening test's folder."""

from textwrap import fill

from bachbot.listening.request import ExportRequest
from bachbot.listening.trials import Trials

_WIDTH = 80


def notice(trials: Trials, request: ExportRequest) -> str:
    """What the folder is, how it is used, and what may be done with it.

    Parameters
    ----------
    trials : Trials
        The test.
    request : ExportRequest
        How it was made; neither its seed nor its model is told.
    """
    count = len(trials.trials)
    parts = [
        f" {trials.title}\n {'=' * len(trials.title)}",
        f"A listening test of {count} {'trial' if count == 1 else 'trials'}. Each is a pair of "
        "clips of four-part chorales, one by Johann Sebastian Bach, one in which one or more of "
        "the four voices, or all of them, were written by a program.",
        "HOW TO RUN IT",
        "Open index.html in any browser. It asks nothing of the network: the folder works from a "
        "disk or a memory stick, sent as an archive, or put where files are served. At the end the "
        "participant downloads answers.csv and hands it to whoever gives the test; nothing is sent "
        "by itself. Several people may take it one after the other on one device: the file then "
        "holds all their answers.",
        "Which clip is Bach's is in a key, a file that was written beside this folder, not in it. "
        "Keep it apart. With it:",
        "    bachbot listen score answers.csv --key KEY.json -o scored.csv\n"
        "    bachbot listen analyse scored.csv",
        "WHAT THE TWO CLIPS OF A PAIR SHARE",
        f"Key, bars, tempo ({request.tempo:g} quarter notes a minute, strictly), instrument, "
        "loudness (ITU-R BS.1770-4), length to the sample, and how notes are struck again: as they "
        "are written on either side, with the same short gap. A fermata is held alike on both "
        "sides; where the whole piece is the program's only the last chord is held, and no other "
        "fermata is written, on either side. A harmonisation is heard from the beginning of the "
        "piece to the end of a phrase, a composition whole.",
        "WHAT IS IN IT",
        _contents(request),
        "WHAT MAY BE DONE WITH IT",
        "Bach's music is free. The notes of his chorales were taken from the corpus of music21 "
        "(the copy of whoever made this test), whose licence does not let its encodings be passed "
        "on. "
        + (
            "This folder holds recordings of them and no encoding."
            if request.audio_only
            else "The MusicXML and MIDI files in clips/ are made of these encodings, and so are "
            "the pictures: keep them to yourself, or make the folder with --audio-only, which "
            "leaves them out, before you mail or publish it."
        ),
    ]
    return "\n\n".join(p if p.startswith(" ") else fill(p, _WIDTH) for p in parts) + "\n"


def _contents(request: ExportRequest) -> str:
    sounds = " and ".join(form.upper() for form in request.formats)
    pages = "" if request.audio_only else ", as MusicXML, as MIDI and engraved (PNG, SVG)"
    return (
        f"index.html is the test, trials.json the list of its trials, clips/ each clip as {sounds}"
        f"{pages}. Names are chance, and every file bears the same date."
    )
