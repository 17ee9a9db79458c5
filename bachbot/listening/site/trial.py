"""The page of a trial: two clips, one answer."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bachbot.errors import UsageError
from bachbot.listening.answers import EVERYTHING, PARTS, SIDES, Answer, Hearing
from bachbot.listening.site.entry import known
from bachbot.listening.site.forms import Posted, PostedForm
from bachbot.listening.site.security import RequestRefused
from bachbot.listening.site.site import Site, SiteOf, go_to, visitor, where
from bachbot.listening.store.schema import GivenAnswer, Pairing, Participant, ShownTrial

router = APIRouter()

_GRACE = 1.0
"""Seconds that the two clocks may disagree by."""

_LONGEST = 86_400.0
_LISTEN = "Listen to both clips first."
_UNSEEN = "This trial was not shown to you, so nothing was kept. Go back to the trial you were at."
_MALFORMED = "What was heard could not be read, so nothing was kept. Load the page again."


@router.api_route("/trial", methods=["GET", "HEAD"])
def resume(request: Request, site: SiteOf) -> Response:
    """Lead to the page at which one goes on."""
    name = visitor(request).name
    return go_to(where(site.store.participant(name) if name else None))


@router.api_route("/trial/{number:int}", methods=["GET", "HEAD"])
def show(number: int, request: Request, site: SiteOf) -> Response:
    """The trial that is next; any other leads there."""
    name = visitor(request).name
    participant = site.store.participant(name) if name else None
    if participant is not None and not 1 <= number <= len(participant.plan):
        raise RequestRefused(404, "There is no such trial.")
    here = where(participant)
    if participant is None or here != f"/trial/{number}":
        return go_to(here)
    pairing = participant.plan[number - 1]
    shown = site.store.show(participant.name, pairing.trial, site.clock())
    return _page(site, participant, pairing, shown.hearing)


class Sent:
    """A form of a trial's page.

    Parameters
    ----------
    number : int
        The trial's position, from the page's address.
    form : Posted
        What was filled in.
    site : Site
        What is served.
    """

    def __init__(self, number: int, form: Posted, site: Site) -> None:
        self.number, self.form, self.site = number, form, site

    def participant(self) -> Participant:
        """Whoever sent it, the trial being one of theirs and not one that comes later.

        Raises
        ------
        Refused
            404 for a trial that is not theirs, 409 for one that is not there or not yet shown.
        """
        participant = known(self.site, self.form)
        trial = self.form.get("trial")
        if trial not in {pairing.trial for pairing in participant.plan}:
            raise RequestRefused(404, _UNSEEN)
        if not 1 <= self.number <= len(participant.plan):
            raise RequestRefused(404, _UNSEEN)
        if participant.plan[self.number - 1].trial != trial:
            raise RequestRefused(409, _UNSEEN)
        if participant.age is None or self.number > participant.position:
            raise RequestRefused(409, _UNSEEN)
        return participant

    def hearing(self) -> Hearing:
        """What the page says was heard.

        Raises
        ------
        Refused
            422 if it says what cannot be.
        """
        try:
            return Hearing(
                _whole(self.form.get("plays_left")),
                _whole(self.form.get("plays_right")),
                self.form.get("heard_left"),
                self.form.get("heard_right"),
            )
        except UsageError as error:
            raise RequestRefused(422, _MALFORMED) from error


async def _at(number: int, form: PostedForm, site: SiteOf) -> Sent:
    return Sent(number, form, site)


SentForm = Annotated[Sent, Depends(_at)]


@router.post("/trial/{number:int}/heard")
def hear(sent: SentForm) -> Response:
    """Keep what was heard so far, so that it is not lost when the page is left."""
    participant = sent.participant()
    heard = sent.hearing()
    if sent.number == participant.position:
        site, trial = sent.site, participant.plan[sent.number - 1].trial
        if site.store.hear(participant.name, trial, heard, site.clock()) is None:
            raise RequestRefused(409, _UNSEEN)
    return Response(status_code=204)


@router.post("/trial/{number:int}")
def answer(sent: SentForm) -> Response:
    """Keep an answer and lead to the next trial; answered before, it stays as it was."""
    participant = sent.participant()
    if sent.number < participant.position:
        return go_to(where(participant))
    site, pairing = sent.site, participant.plan[sent.number - 1]
    now = site.clock()
    heard, measured = sent.hearing(), True
    if not heard.started and sent.form.get("listened") == "yes":
        # Without a script nobody but the participant can tell.
        heard, measured = Hearing(1, 1, EVERYTHING, EVERYTHING), False
    shown = site.store.hear(participant.name, pairing.trial, heard, now)
    if shown is None:
        raise RequestRefused(409, _UNSEEN)
    trouble = _too_early(site, pairing, shown, now) or _unsaid(sent.form)
    if trouble:
        return _page(site, participant, pairing, shown.hearing, sent.form.get("chosen"), trouble)
    site.store.answer(_given(sent, participant, shown, now, measured))
    return go_to(where(site.store.participant(participant.name)))


def _too_early(site: Site, pairing: Pairing, shown: ShownTrial, now: datetime) -> str:
    """Why an answer does not count yet: by what was heard, and by the clock, which cannot be told.

    Clips that are heard one after the other take as long as they are.
    """
    share = site.settings.heard
    if not shown.hearing.started:
        return f"{_LISTEN} If the page asks whether you have, tick the box when it is so."
    if min(shown.hearing.left, shown.hearing.right) < share:
        return (
            f"{_LISTEN} You have heard {shown.hearing.left:.0%} of clip A and "
            f"{shown.hearing.right:.0%} of clip B; an answer counts from {share:.0%} of both."
        )
    wanted = share * 2 * site.material.seconds[pairing.trial] - _GRACE
    if (now - shown.shown_at).total_seconds() < wanted:
        return f"{_LISTEN} There was not yet time enough to hear them."
    return ""


def _unsaid(form: Posted) -> str:
    return "" if form.get("chosen") in SIDES else "Choose clip A or clip B."


def _given(
    sent: Sent, participant: Participant, shown: ShownTrial, now: datetime, measured: bool
) -> GivenAnswer:
    site, pairing = sent.site, participant.plan[sent.number - 1]
    # Where the first play was told with the answer alone, it was somewhere after the page.
    since = shown.played_at if shown.played_at and shown.played_at < now else shown.shown_at
    return GivenAnswer(
        Answer(
            participant=participant.name,
            trial=pairing.trial,
            kind=site.material.kind[pairing.trial],
            bach_side=pairing.side_of(site.material.bach[pairing.trial]),
            chosen=sent.form.get("chosen"),
            order=sent.number,
            seconds=min(max((now - since).total_seconds(), 0.0), _LONGEST),
            plays_left=shown.hearing.plays_left,
            plays_right=shown.hearing.plays_right,
            heard_left=shown.hearing.left,
            heard_right=shown.hearing.right,
            age=str(participant.age),
            experience=str(participant.experience),
            answered_at=now,
        ),
        pairing,
        measured,
    )


def _page(
    site: Site,
    participant: Participant,
    pairing: Pairing,
    heard: Hearing,
    chosen: str = "",
    trouble: str = "",
) -> Response:
    clips = [
        ("left", "A", site.material.sources[pairing.left], heard.plays_left, heard.heard_left),
        ("right", "B", site.material.sources[pairing.right], heard.plays_right, heard.heard_right),
    ]
    return site.pages.page(
        "trial",
        422 if trouble else 200,
        csrf=site.seal.form(participant.name),
        trouble=trouble,
        chosen=chosen,
        trial=pairing.trial,
        position=participant.position,
        number=len(participant.plan),
        seconds=site.material.seconds[pairing.trial],
        share=site.settings.heard,
        parts=PARTS,
        clips=clips,
    )


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        raise UsageError("that is no number of plays: give a whole one")
    return int(text)
