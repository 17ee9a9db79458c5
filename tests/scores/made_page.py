"""A made-up four-part page to rewrite."""


def _note(step, octave, duration, inside="", more="", alter=0):
    altered = f"<alter>{alter}</alter>" if alter else ""
    return (
        f"<note><pitch><step>{step}</step>{altered}<octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration>{inside}<voice>1</voice>{more}</note>"
    )


_SLUR = "<notations><slur type='{}' number='1'/></notations>"
_START = _SLUR.format("start")
_STOP = _SLUR.format("stop")
_LA = "<lyric><text>la</text></lyric>"
_TIE = ("<tie type='start'/>", "<notations><tied type='start'/></notations>")
_TIED = ("<tie type='stop'/>", "<notations><tied type='stop'/></notations>")
_HALF = "<direction><direction-type><words>{}</words></direction-type></direction>"


def _bars(*contents):
    return "".join(
        f"<measure number='{number}'>{content}</measure>"
        for number, content in enumerate(contents, start=1)
    )


def _attributes(clef, more=""):
    sign, line = clef
    return (
        "<attributes><divisions>1</divisions><key><fifths>0</fifths></key>"
        "<time><beats>2</beats><beat-type>4</beat-type></time>"
        f"<clef><sign>{sign}</sign><line>{line}</line></clef>{more}</attributes>"
    )


_ENDINGS = (
    "<barline location='left'><ending number='1' type='start'/></barline>",
    "<barline location='right'><ending number='1' type='stop'/>"
    "<repeat direction='backward'/></barline>",
    "<barline location='left'><ending number='2' type='start'/></barline>",
)

_SOPRANO = _bars(
    _attributes("G2") + _note("C", 5, 1, more=_START + _LA) + _note("D", 5, 1, more=_STOP + _LA),
    _note("E", 5, 1, more=_START + _LA)
    + _HALF.format("dolce")
    + "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>"
    + _note("F", 5, 1, more=_LA),
    _note("G", 5, 1, more=_STOP + _LA) + _note("F", 5, 1, more=_START),
    _note("E", 5, 1, more=_STOP) + _note("D", 5, 1, *_TIE),
    _ENDINGS[0] + _note("D", 5, 1, *_TIED) + _note("E", 5, 1) + _ENDINGS[1],
    _ENDINGS[2] + _note("D", 5, 1, *_TIED) + _note("C", 5, 1),
)
_ALTO = _bars(
    _attributes("G2") + _note("G", 4, 2),
    _note("G", 4, 2),
    _note("G", 4, 2),
    _note("G", 4, 2),
    _note("G", 4, 2),
    _note("G", 4, 2),
)
# For an instrument in B flat, which sounds a tone lower than it is written.
_TENOR = _bars(
    _attributes(
        "G2", "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    ).replace("<fifths>0", "<fifths>2"),
    *[_note("F", 4, 2, alter=1)] * 5,
).replace("</attributes></measure>", "</attributes>" + _note("F", 4, 2, alter=1) + "</measure>")
_BASS = _bars(
    _attributes("F4") + _note("C", 3, 2),
    "<note><rest measure='yes'/><duration>2</duration><voice>2</voice></note>",
    _note("C", 3, 2),
    _note("C", 3, 2),
    _note("C", 3, 2),
    _note("C", 3, 2),
)

PAGE = (
    "<score-partwise version='4.0'><part-list>"
    + "".join(
        f"<score-part id='P{n}'><part-name>{name}</part-name></score-part>"
        for n, name in enumerate(("Soprano", "Alto", "Tenor", "Bass"))
    )
    + "</part-list>"
    + "".join(
        f"<part id='P{n}'>{part}</part>" for n, part in enumerate((_SOPRANO, _ALTO, _TENOR, _BASS))
    )
    + "</score-partwise>"
)
"""Six bars of 2/4 in quarters: words, slurs, two endings, a chord symbol, a part in B flat."""
