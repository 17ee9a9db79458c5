"""The pages before the first trial and after the last."""

import random

from fastapi import APIRouter, Request
from starlette.responses import Response

from bachbot.listening.answers import AGES, EXPERIENCES, NOT_TOLD
from bachbot.listening.site.forms import Posted, PostedForm
from bachbot.listening.site.security import RequestRefused, forget, new_name, remember
from bachbot.listening.site.site import Site, SiteOf, go_to, visitor, where
from bachbot.listening.store.schema import Participant, draw_pairings

router = APIRouter()

AGE_NAMES = {
    "under 18": "Under 18",
    "18-25": "18 to 25",
    "26-45": "26 to 45",
    "46-60": "46 to 60",
    "over 60": "Over 60",
    NOT_TOLD: "I would rather not say",
}
EXPERIENCE_NAMES = {
    "novice": ("Novice", "I listen to music."),
    "intermediate": ("Intermediate", "I play or sing, or did."),
    "advanced": ("Advanced", "I have studied music, or play it a great deal."),
    "expert": ("Expert", "I know Bach’s chorales well: by teaching, writing or performing them."),
    NOT_TOLD: ("I would rather not say", ""),
}
"""What the groups are called on the page; their own names are what is kept."""


@router.api_route("/", methods=["GET", "HEAD"])
def consent(request: Request, site: SiteOf) -> Response:
    """What this is, and whether one agrees; whoever has begun is led on."""
    name = visitor(request).name
    participant = site.store.participant(name) if name else None
    if participant is not None:
        return go_to(where(participant))
    name = name or new_name()
    response = _consent(site, name)
    remember(response, name, site.seal, site.settings.https)
    return response


@router.post("/consent")
def agree(form: PostedForm, site: SiteOf) -> Response:
    """Take a participant in, and draw the trials."""
    if form.get("agree") != "yes":
        trouble = "Tick the box if you agree. Without it the test does not begin."
        return _consent(site, form.name, trouble, status=422)
    plan = draw_pairings(site.material.trials, site.settings.each, random.SystemRandom())
    site.store.enrol(form.name, plan, site.clock())
    return go_to(where(site.store.participant(form.name)))


@router.api_route("/about", methods=["GET", "HEAD"])
def about(request: Request, site: SiteOf) -> Response:
    """Ask for age and experience, once."""
    name = visitor(request).name
    participant = site.store.participant(name) if name else None
    if participant is None or participant.age is not None:
        return go_to(where(participant))
    return _about(site, participant.name)


@router.post("/about")
def describe(form: PostedForm, site: SiteOf) -> Response:
    """Keep what was told; told again, it stays as it was."""
    participant = known(site, form)
    if participant.age is not None:
        return go_to(where(participant))
    age, experience = form.get("age"), form.get("experience")
    if age not in AGES or experience not in EXPERIENCES:
        missing = [
            what
            for what, said in (("age", age in AGES), ("experience", experience in EXPERIENCES))
            if not said
        ]
        trouble = f"Choose one line for {' and one for '.join(missing)}."
        return _about(site, form.name, trouble, {"age": age, "experience": experience}, 422)
    site.store.describe(form.name, age, experience)
    return go_to(where(site.store.participant(form.name)))


@router.api_route("/thanks", methods=["GET", "HEAD"])
def thanks(request: Request, site: SiteOf) -> Response:
    """One's own score, when every trial is answered and not before."""
    name = visitor(request).name
    participant = site.store.participant(name) if name else None
    if participant is None or not participant.finished:
        return go_to(where(participant))
    return site.pages.page(
        "thanks",
        csrf=site.seal.form(participant.name),
        right=sum(participant.correct),
        number=len(participant.plan),
    )


@router.post("/again")
def again(form: PostedForm, site: SiteOf) -> Response:
    """Let somebody else take part at the same device, when one is done."""
    if not known(site, form).finished:
        raise RequestRefused(409, "There are trials left to answer.")
    response = go_to("/")
    forget(response, site.settings.https)
    return response


def known(site: Site, form: Posted) -> Participant:
    """Whoever sent a form.

    Raises
    ------
    Refused
        409 if they have not agreed.
    """
    participant = site.store.participant(form.name)
    if participant is None:
        raise RequestRefused(409, "The first page comes before this one. Begin there.")
    return participant


def _consent(site: Site, name: str, trouble: str = "", status: int = 200) -> Response:
    return site.pages.page(
        "consent",
        status,
        csrf=site.seal.form(name),
        trouble=trouble,
        number=min(site.settings.each, len(site.material.trials)),
        minutes=site.material.minutes(site.settings.each),
        contact=site.settings.contact,
    )


def _about(
    site: Site,
    name: str,
    trouble: str = "",
    chosen: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    return site.pages.page(
        "about",
        status,
        csrf=site.seal.form(name),
        trouble=trouble,
        chosen=chosen or {"age": "", "experience": ""},
        ages=AGE_NAMES,
        experiences=EXPERIENCE_NAMES,
    )
