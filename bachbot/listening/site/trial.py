"""The page of a trial: two clips and a choice between them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bachbot.errors import UsageError
from bachbot.listening.answers import ALL_SEGMENTS, SEGMENTS, SIDES, Answer, Playback
from bachbot.listening.site.site_context import (
    CurrentForm,
    CurrentSite,
    SiteContext,
    SubmittedForm,
    next_page,
    participant_of,
    participant_of_form,
    redirect_to,
)
from bachbot.listening.store.schema import (
    Participant,
    StoredAnswer,
    TrialAssignment,
    TrialProgress,
)
from bachbot.serving.forms import parse_count
from bachbot.serving.refusal import RequestRefused

router = APIRouter()

_CLOCK_TOLERANCE = 1.0
"""Seconds by which the clocks of server and browser may differ."""

_MAX_SECONDS = 86_400.0
_LISTEN_FIRST = "Please listen to both clips first."
_NOT_SHOWN = "You have not reached this pair, so nothing was saved. Please go back to your pair."
_MALFORMED = "Your browser sent something unexpected, so nothing was saved. Please reload the page."


@router.api_route("/trial", methods=["GET", "HEAD"])
def resume(request: Request, site: CurrentSite) -> Response:
    """Redirect to the page at which the participant continues."""
    return redirect_to(next_page(participant_of(request, site)))


@router.api_route("/trial/{position:int}", methods=["GET", "HEAD"])
def show_trial(position: int, request: Request, site: CurrentSite) -> Response:
    """The participant's next trial; a request for another one is redirected there."""
    participant = participant_of(request, site)
    if participant is not None and not 1 <= position <= len(participant.assignments):
        raise RequestRefused(404, "There is no such pair.")
    expected = next_page(participant)
    if participant is None or expected != f"/trial/{position}":
        return redirect_to(expected)
    assignment = participant.assignments[position - 1]
    progress = site.store.record_shown(participant.id, assignment.trial, site.clock())
    return _trial_page(site, participant, assignment, progress.playback)


@dataclass(frozen=True)
class TrialForm:
    """A form that was submitted from the page of a trial.

    Parameters
    ----------
    position : int
        Position of the trial, from the address.
    form : SubmittedForm
        The form.
    site : SiteContext
        The site.
    """

    position: int
    form: SubmittedForm
    site: SiteContext

    def participant(self) -> Participant:
        """The participant, if the trial is one that they have reached.

        Raises
        ------
        RequestRefused
            404 if the trial is not one of theirs, 409 if it is not the one at this position or
            they have not reached it.
        """
        participant = participant_of_form(self.site, self.form)
        trial = self.form.get("trial")
        if trial not in {assignment.trial for assignment in participant.assignments}:
            raise RequestRefused(404, _NOT_SHOWN)
        if not 1 <= self.position <= len(participant.assignments):
            raise RequestRefused(404, _NOT_SHOWN)
        if participant.assignments[self.position - 1].trial != trial:
            raise RequestRefused(409, _NOT_SHOWN)
        if participant.age is None or self.position > participant.position:
            raise RequestRefused(409, _NOT_SHOWN)
        return participant

    def playback(self) -> Playback:
        """What was played, as the page reports it.

        Raises
        ------
        RequestRefused
            422 if a value is not valid.
        """
        try:
            return Playback(
                _parse_count(self.form.get("plays_left")),
                _parse_count(self.form.get("plays_right")),
                self.form.get("heard_left"),
                self.form.get("heard_right"),
            )
        except UsageError as error:
            raise RequestRefused(422, _MALFORMED) from error


async def _read_trial_form(position: int, form: CurrentForm, site: CurrentSite) -> TrialForm:
    return TrialForm(position, form, site)


CurrentTrialForm = Annotated[TrialForm, Depends(_read_trial_form)]


@router.post("/trial/{position:int}/playback")
def submit_playback(submitted: CurrentTrialForm) -> Response:
    """Store what was played so far, so that it is not lost when the page is left."""
    participant = submitted.participant()
    playback = submitted.playback()
    if submitted.position == participant.position:
        site, trial = submitted.site, participant.assignments[submitted.position - 1].trial
        if site.store.record_playback(participant.id, trial, playback, site.clock()) is None:
            raise RequestRefused(409, _NOT_SHOWN)
    return Response(status_code=204)


@router.post("/trial/{position:int}")
def submit_answer(submitted: CurrentTrialForm) -> Response:
    """Store an answer and continue; an answer that is stored already is not changed."""
    participant = submitted.participant()
    if submitted.position < participant.position:
        return redirect_to(next_page(participant))
    site, form = submitted.site, submitted.form
    assignment = participant.assignments[submitted.position - 1]
    now = site.clock()
    playback, measured = submitted.playback(), True
    if not playback.started and form.get("listened") == "yes":
        # Without JavaScript only the participant can tell.
        playback, measured = Playback(1, 1, ALL_SEGMENTS, ALL_SEGMENTS), False
    progress = site.store.record_playback(participant.id, assignment.trial, playback, now)
    if progress is None:
        raise RequestRefused(409, _NOT_SHOWN)
    problem = _find_problem(site, assignment, progress, form.get("chosen"), now)
    if problem:
        return _trial_page(
            site, participant, assignment, progress.playback, form.get("chosen"), problem
        )
    answer = _make_answer(submitted, participant, progress, now)
    site.store.record_answer(StoredAnswer(answer, assignment, measured))
    return redirect_to(next_page(site.store.participant(participant.id)))


def _find_problem(
    site: SiteContext,
    assignment: TrialAssignment,
    progress: TrialProgress,
    chosen: str,
    now: datetime,
) -> str:
    """Why an answer is not accepted yet, or an empty text.

    What was played is checked by the report of the page, and also by the clock of the server,
    which a client cannot influence: playing the clips one after the other takes their duration.
    """
    min_heard, playback = site.settings.min_heard, progress.playback
    if not playback.started:
        return f"{_LISTEN_FIRST} If the page has a box for this, tick it when you have listened."
    if min(playback.left, playback.right) < min_heard:
        return (
            f"{_LISTEN_FIRST} You have listened to {playback.left:.0%} of clip A and "
            f"{playback.right:.0%} of clip B; you can answer after {min_heard:.0%} of both."
        )
    min_seconds = min_heard * 2 * site.stimuli.seconds[assignment.trial] - _CLOCK_TOLERANCE
    if (now - progress.shown_at).total_seconds() < min_seconds:
        return f"{_LISTEN_FIRST} There has not been enough time to play them."
    return "" if chosen in SIDES else "Please choose clip A or clip B."


def _make_answer(
    submitted: TrialForm, participant: Participant, progress: TrialProgress, now: datetime
) -> Answer:
    site, playback = submitted.site, progress.playback
    assignment = participant.assignments[submitted.position - 1]
    # If the first play was reported together with the answer, it was some time after the page.
    played = progress.played_at
    start = played if played and played < now else progress.shown_at
    return Answer(
        participant=participant.id,
        trial=assignment.trial,
        condition=site.stimuli.condition[assignment.trial],
        bach_side=assignment.side_of(site.stimuli.bach[assignment.trial]),
        chosen=submitted.form.get("chosen"),
        position=submitted.position,
        response_time=min(max((now - start).total_seconds(), 0.0), _MAX_SECONDS),
        plays_left=playback.plays_left,
        plays_right=playback.plays_right,
        heard_left=playback.left,
        heard_right=playback.right,
        age=str(participant.age),
        experience=str(participant.experience),
        answered_at=now,
    )


def _trial_page(
    site: SiteContext,
    participant: Participant,
    assignment: TrialAssignment,
    playback: Playback,
    chosen: str = "",
    problem: str = "",
) -> Response:
    sources = site.stimuli.sources
    clips = [
        ("left", "A", sources[assignment.left], playback.plays_left, playback.heard_left),
        ("right", "B", sources[assignment.right], playback.plays_right, playback.heard_right),
    ]
    return site.pages.page(
        "trial",
        422 if problem else 200,
        csrf=site.signer.csrf_token(participant.id),
        problem=problem,
        chosen=chosen,
        trial=assignment.trial,
        position=participant.position,
        total=len(participant.assignments),
        seconds=site.stimuli.seconds[assignment.trial],
        min_heard=site.settings.min_heard,
        segments=SEGMENTS,
        clips=clips,
    )


def _parse_count(text: str) -> int:
    count = parse_count(text)
    if count is None:
        raise UsageError("a number of plays is not valid: give a whole number")
    return count
