"""The page that runs a listening test without a server."""

from importlib.resources import files

from bachbot.listening.answer import AGES, EXPERIENCES, NOT_TOLD
from bachbot.listening.raw import HEADER
from bachbot.listening.trials import Trials

_TEMPLATE = "offline.html.j2"

_FIRST = ("mp3", "ogg", "wav")
"""Which sound a browser is offered first."""

_WORDS = {
    "novice": "I like to listen to music, but do not play an instrument",
    "intermediate": "I play an instrument or sing, but have not studied composition",
    "advanced": "I have studied composition or harmony",
    "expert": "I teach music or do research in it",
    NOT_TOLD: "I would rather not tell",
}


def page(trials: Trials, test: str, each: int) -> str:
    """The page in HTML: it stands alone, and asks nothing of the network.

    Parameters
    ----------
    trials : Trials
        The test; it is written into the page, for a browser lets no page read the file beside it.
    test : str
        What tells this test from others that the same browser has answers of.
    each : int
        Most trials of a participant.
    """
    # Loaded here: most commands write no page.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("bachbot.listening").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    )
    setting = {
        "test": test[:16],
        "each": min(each, len(trials.trials)),
        "columns": list(HEADER),
        "trials": [
            {
                "id": trial.id,
                "type": trial.kind,
                "clips": [
                    {
                        "id": clip.id,
                        "seconds": clip.seconds,
                        "sounds": [clip.files[f] for f in _FIRST if f in clip.files],
                    }
                    for clip in trial.clips
                ],
            }
            for trial in trials.trials
        ],
    }
    return template.render(
        title=trials.title,
        language=trials.language,
        setting=setting,
        ages=[(age, _WORDS.get(age, age)) for age in AGES],
        experiences=[(e, _WORDS[e]) for e in EXPERIENCES],
        minutes=_minutes(trials, setting["each"]),  # type: ignore[arg-type]
    )


def _minutes(trials: Trials, each: int) -> int:
    """About how long it takes: every clip heard once, and some seconds to think."""
    mean = sum(2 * t.clips[0].seconds for t in trials.trials) / len(trials.trials)
    return max(1, round(each * (mean + 15) / 60))
