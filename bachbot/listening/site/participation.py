"""The pages before the first trial and after the last one: consent, questions and thanks."""

import random

from fastapi import APIRouter, Request
from starlette.responses import Response

from bachbot.listening.answers import AGES, EXPERIENCES, UNDISCLOSED
from bachbot.listening.site.sessions import (
    delete_session_cookie,
    new_participant_id,
    set_session_cookie,
)
from bachbot.listening.site.site_context import (
    CurrentForm,
    CurrentSite,
    SiteContext,
    next_page,
    participant_of,
    participant_of_form,
    redirect_to,
    visitor_of,
)
from bachbot.listening.store.schema import assign_trials
from bachbot.serving.refusal import RequestRefused

router = APIRouter()

AGE_LABELS = {
    "under 18": "Under 18",
    "18-25": "18 to 25",
    "26-45": "26 to 45",
    "46-60": "46 to 60",
    "over 60": "Over 60",
    UNDISCLOSED: "I prefer not to say",
}
EXPERIENCE_LABELS = {
    "novice": ("Novice", "I listen to music."),
    "intermediate": ("Intermediate", "I play an instrument or sing, or used to."),
    "advanced": ("Advanced", "I have studied music, or play a lot."),
    "expert": (
        "Expert",
        "I know Bach’s chorales well, because I teach, write about or perform them.",
    ),
    UNDISCLOSED: ("I prefer not to say", ""),
}
"""Labels and explanations on the page, by the values that are stored."""


@router.api_route("/", methods=["GET", "HEAD"])
def show_consent(request: Request, site: CurrentSite) -> Response:
    """The first page; participants who have agreed already are sent on."""
    participant = participant_of(request, site)
    if participant is not None:
        return redirect_to(next_page(participant))
    participant_id = visitor_of(request).participant_id or new_participant_id()
    response = _consent_page(site, participant_id)
    set_session_cookie(response, participant_id, site.signer, site.settings.https)
    return response


@router.post("/consent")
def submit_consent(form: CurrentForm, site: CurrentSite) -> Response:
    """Enroll a participant who agrees, and assign trials."""
    if form.get("agree") != "yes":
        problem = "Please tick the box if you agree; the test cannot start without it."
        return _consent_page(site, form.participant_id, problem, status=422)
    if site.store.is_full():
        raise RequestRefused(503, "This test has all the participants that it can have.")
    assignments = assign_trials(
        site.stimuli.trials, site.settings.per_participant, random.SystemRandom()
    )
    site.store.enroll(form.participant_id, assignments, site.clock())
    return redirect_to(next_page(site.store.participant(form.participant_id)))


@router.api_route("/about", methods=["GET", "HEAD"])
def show_about(request: Request, site: CurrentSite) -> Response:
    """The questions on age and experience, which are asked once."""
    participant = participant_of(request, site)
    if participant is None or participant.age is not None:
        return redirect_to(next_page(participant))
    return _about_page(site, participant.id)


@router.post("/about")
def submit_about(form: CurrentForm, site: CurrentSite) -> Response:
    """Store age and experience, unless they are stored already."""
    participant = participant_of_form(site, form)
    if participant.age is not None:
        return redirect_to(next_page(participant))
    age, experience = form.get("age"), form.get("experience")
    valid = {"age": age in AGES, "experience": experience in EXPERIENCES}
    if not all(valid.values()):
        missing = [question for question, answered in valid.items() if not answered]
        problem = f"Please choose one answer for {' and one for '.join(missing)}."
        chosen = {"age": age, "experience": experience}
        return _about_page(site, participant.id, problem, chosen, 422)
    site.store.describe_participant(participant.id, age, experience)
    return redirect_to(next_page(site.store.participant(participant.id)))


@router.api_route("/thanks", methods=["GET", "HEAD"])
def show_thanks(request: Request, site: CurrentSite) -> Response:
    """The participant's score, only when all trials are answered."""
    participant = participant_of(request, site)
    if participant is None or not participant.finished:
        return redirect_to(next_page(participant))
    return site.pages.page(
        "thanks",
        csrf=site.signer.csrf_token(participant.id),
        correct=sum(participant.correct),
        total=len(participant.assignments),
    )


@router.post("/restart")
def restart(form: CurrentForm, site: CurrentSite) -> Response:
    """Let another person take part on the same device after one has finished."""
    if not participant_of_form(site, form).finished:
        raise RequestRefused(409, "There are still pairs to answer.")
    response = redirect_to("/")
    delete_session_cookie(response, site.settings.https)
    return response


def _consent_page(
    site: SiteContext, participant_id: str, problem: str = "", status: int = 200
) -> Response:
    return site.pages.page(
        "consent",
        status,
        csrf=site.signer.csrf_token(participant_id),
        problem=problem,
        total=min(site.settings.per_participant, len(site.stimuli.trials)),
        minutes=site.stimuli.minutes(site.settings.per_participant),
        contact=site.settings.contact,
    )


def _about_page(
    site: SiteContext,
    participant_id: str,
    problem: str = "",
    chosen: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    return site.pages.page(
        "about",
        status,
        csrf=site.signer.csrf_token(participant_id),
        problem=problem,
        chosen=chosen or {"age": "", "experience": ""},
        ages=AGE_LABELS,
        experiences=EXPERIENCE_LABELS,
    )
