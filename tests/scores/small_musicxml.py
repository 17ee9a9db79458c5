"""Small MusicXML scores, written out of words such as ``G4``, ``F#4+A4`` (a chord) and ``r``."""

from bachbot.scores import load_score

TIME = "<time><beats>4</beats><beat-type>4</beat-type></time>"


def note(pitch, quarters=1, voice=1, *, staff="", more="", first=""):
    """One note, rest (``r``) or chord (``C4+E4``, its first note first) of four divisions."""
    out = ""
    for index, name in enumerate(pitch.split("+")):
        chord = "<chord/>" if index else ""
        body = "<rest/>" if name == "r" else _pitch(name)
        place = f"<staff>{staff}</staff>" if staff else ""
        marks = more if not index else ""
        out += (
            f"<note>{first}{chord}{body}<duration>{int(4 * quarters)}</duration>"
            f"<voice>{voice}</voice>{place}{marks}</note>"
        )
    return out


def _pitch(name):
    alter = name.count("#") - name.count("b")
    shown = f"<alter>{alter}</alter>" if alter else ""
    return f"<pitch><step>{name[0]}</step>{shown}<octave>{name[-1]}</octave></pitch>"


def voice(text, number=1, *, staff=""):
    """Notes such as ``"C5 D5:2 r:0.5"``: quarter notes unless they have a length."""
    out = ""
    for word in text.split():
        pitch, _, quarters = word.partition(":")
        out += note(pitch, float(quarters or 1), number, staff=staff)
    return out


def back(quarters=4):
    return f"<backup><duration>{int(4 * quarters)}</duration></backup>"


def skip(quarters):
    return f"<forward><duration>{int(4 * quarters)}</duration></forward>"


def bars(*contents, attributes="", fifths=0):
    """The bars of a part in 4/4."""
    head = (
        f"<attributes><divisions>4</divisions><key><fifths>{fifths}</fifths></key>{TIME}"
        f"{attributes}</attributes>"
    )
    return "".join(
        f'<measure number="{number}">{head if number == 1 else ""}{content}</measure>'
        for number, content in enumerate(contents, start=1)
    )


def score(*parts, head=""):
    """Bytes of a score of parts, each (name, text of its bars) or the text alone."""
    named = [part if isinstance(part, tuple) else ("", part) for part in parts]
    listing = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>'
        for i, (name, _) in enumerate(named)
    )
    bodies = "".join(f'<part id="P{i}">{text}</part>' for i, (_, text) in enumerate(named))
    text = f"{head}<score-partwise><part-list>{listing}</part-list>{bodies}</score-partwise>"
    return text.encode()


def read(*parts, **options):
    """Load a score of such parts."""
    return load_score(score(*parts), format="musicxml", **options)


def sung(loaded, voice=0):
    """Pitch and length of each note of a voice, in quarter notes."""
    return [(note.pitch, float(note.length)) for note in loaded.lines[voice].notes]


def pitches(loaded, voice=0):
    return [note.pitch for note in loaded.lines[voice].notes]


def kinds(loaded):
    return [notice.kind for notice in loaded.notices]
