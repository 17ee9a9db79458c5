"""Small tunes as MusicXML."""


def note(pitch="C4", duration=4, kind="quarter", extra=""):
    """A MusicXML note of so many sixteenths; a rest for pitch None; '+' before a chord's note."""
    chord = "<chord/>" if pitch and pitch.startswith("+") else ""
    pitch = pitch.lstrip("+") if pitch else pitch
    what = (
        f"<pitch><step>{pitch[0]}</step><octave>{pitch[-1]}</octave></pitch>"
        if pitch
        else "<rest/>"
    )
    return (
        f"<note>{chord}{what}<duration>{duration}</duration><voice>1</voice>"
        f"<type>{kind}</type>{extra}</note>"
    )


def tune(*bars, name="Soprano", divisions=4):
    """MusicXML of one part; each bar is a string of notes."""
    head = (
        f"<attributes><divisions>{divisions}</divisions><key><fifths>0</fifths></key>"
        "<time><beats>4</beats><beat-type>4</beat-type></time>"
        "<clef><sign>G</sign><line>2</line></clef></attributes>"
    )
    body = "".join(
        f'<measure number="{i + 1}">{head if i == 0 else ""}{bar}</measure>'
        for i, bar in enumerate(bars)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="3.1"><part-list>'
        f'<score-part id="P1"><part-name>{name}</part-name></score-part></part-list>'
        f'<part id="P1">{body}</part></score-partwise>'
    )


SCALE = tune(
    "".join(map(note, ("C5", "D5", "E5", "F5"))), "".join(map(note, ("E5", "D5", "C5", "C5")))
)
