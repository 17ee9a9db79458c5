"""From consent to thanks."""

import re

import pytest
from served_made import SECRET, Served
from site_made import HEARD, Clock, field_of, make_test

from bachbot.listening.answers import AGES, ALL_SEGMENTS, EXPERIENCES, NO_SEGMENTS, SEGMENTS
from bachbot.listening.site.server import create_app
from bachbot.listening.site.stimuli import load_stimuli


def segments(share):
    """A share of a clip that was played from the start."""
    return ("1" * round(share * SEGMENTS)).ljust(SEGMENTS, "0")


def take(listener, number=10, chosen="left"):
    """All trials one after the other; the last answer's response."""
    listener.begin()
    for position in range(1, number + 1):
        response = listener.answer(position, chosen)
        assert response.status_code == 303
    return response


def test_from_consent_to_thanks(site, listener):
    assert take(listener).headers["location"] == "/thanks"
    answers = site.store.answers()
    assert len(answers) == 10
    assert sorted(answers.position) == list(range(1, 11))
    assert len(set(answers.trial)) == 10
    assert set(answers.age) == {"26-45"}
    assert set(answers.experience) == {"novice"}
    assert set(answers.chosen) == {"left"}
    assert set(answers.plays_left) == {1}
    assert set(answers.plays_right) == {2}
    assert set(answers.heard_left) == set(answers.heard_right) == {1.0}
    page = listener.get("/thanks")
    assert f"{answers.correct.sum()} of 10" in page.text


def test_the_score_is_that_of_the_key(site, listener):
    listener.begin()
    for position in range(1, 11):
        trial = field_of(listener.look(position), "trial")
        pair = site.participant(listener).assignments[position - 1]
        side = pair.side_of(site.stimuli.bach[trial])
        wrong = position in (2, 5, 9)
        listener.send(position, trial, {"left": "right", "right": "left"}[side] if wrong else side)
    assert "7 of 10" in listener.get("/thanks").text
    assert site.store.answers().correct.sum() == 7


@pytest.mark.parametrize("number", [5, 7, 10])
def test_the_number_of_trials_is_a_setting(serve, number):
    site = serve(per_participant=number)
    assert take(site.listener(), number).headers["location"] == "/thanks"
    assert len(site.store.answers()) == number


def test_all_trials_if_there_are_fewer(tmp_path, store, runner):
    few = load_stimuli(tmp_path / "few", make_test(tmp_path / "few", trials=3))
    clock = Clock()
    site = Served(store, few, create_app(few, store, SECRET, clock=clock), runner, clock)
    listener = site.listener()
    assert "3</span> pairs" in listener.arrive().text
    assert take(listener, 3).headers["location"] == "/thanks"


def test_nothing_starts_without_consent(site, listener):
    listener.arrive()
    response = listener.post("/consent")
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert listener.get("/trial/1").headers["location"] == "/"
    assert site.nothing_stored()


def test_every_group_can_be_chosen(site):
    for age, experience in zip(AGES, (*EXPERIENCES, "novice"), strict=True):
        listener = site.listener()
        assert listener.begin(age, experience).headers["location"] == "/trial/1"
        kept = site.participant(listener)
        assert (kept.age, kept.experience) == (age, experience)


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({}, "age and one for experience"),
        ({"age": "26-45"}, "experience"),
        ({"age": "26-45", "experience": "genius"}, "experience"),
        ({"age": "12", "experience": "novice"}, "age"),
    ],
)
def test_a_group_must_be_chosen(site, listener, sent, wanted):
    listener.agree()
    response = listener.post("/about", **sent)
    assert response.status_code == 422
    assert f"one answer for {wanted}" in response.text
    assert site.participant(listener).age is None


def test_groups_cannot_be_changed(site, listener):
    listener.begin("26-45", "novice")
    assert listener.post("/about", age="18-25", experience="expert").status_code == 303
    kept = site.participant(listener)
    assert (kept.age, kept.experience) == ("26-45", "novice")


def test_a_second_answer_changes_nothing(site, listener):
    listener.begin()
    trial = field_of(listener.look(1), "trial")
    for chosen in ("left", "right", "left"):
        response = listener.send(1, trial, chosen)
        assert response.status_code == 303
        assert response.headers["location"] == "/trial/2"
    answers = site.store.answers()
    assert answers.chosen.tolist() == ["left"]
    listener.clock.forward(50)
    assert listener.send(1, trial, "right", plays_left="77").status_code == 303
    again = site.store.answers()
    assert list(again.rows()) == list(answers.rows())


@pytest.mark.parametrize(("left", "right"), [(0, 0), (1, 0), (0, 1), (0.88, 1), (1, 0.5)])
def test_both_clips_must_be_played(site, listener, left, right):
    listener.begin()
    response = listener.answer(1, heard_left=segments(left), heard_right=segments(right))
    assert response.status_code == 422
    assert "listen to both clips first" in response.text
    assert len(site.store.answers()) == 0
    assert listener.answer(1).headers["location"] == "/trial/2"


def test_the_required_share_is_enough(site, listener):
    listener.begin()
    response = listener.answer(1, heard_left=segments(0.9), heard_right=segments(0.9))
    assert response.status_code == 303
    assert site.store.answers().heard_left.tolist() == [0.9]


def test_clips_cannot_be_played_faster_than_their_duration(site, listener):
    listener.begin()
    trial = field_of(listener.get("/trial/1"), "trial")
    listener.clock.forward(2.5)  # 90% of twice 2 seconds, less 1 second of tolerance, are 2.6
    response = listener.send(1, trial)
    assert response.status_code == 422
    assert "not been enough time" in response.text
    assert len(site.store.answers()) == 0
    listener.clock.forward(0.2)
    assert listener.send(1, trial).status_code == 303


def test_something_must_be_chosen(site, listener):
    listener.begin()
    for chosen in ("", "both", "LEFT"):
        response = listener.answer(1, chosen)
        assert response.status_code == 422
        assert "choose clip A or clip B" in response.text
    assert len(site.store.answers()) == 0


def test_playback_is_stored_when_the_page_is_left(site, listener):
    listener.begin()
    trial = field_of(listener.look(1), "trial")
    first = HEARD | {"trial": trial, "heard_left": segments(0.6), "heard_right": NO_SEGMENTS}
    assert listener.post("/trial/1/playback", **first).status_code == 204
    listener.clock.forward(7)
    page = listener.look(1)
    assert field_of(page, "heard_left") == segments(0.6)
    assert field_of(page, "plays_right") == "2"
    later = ("0" * (SEGMENTS // 2)).ljust(SEGMENTS, "1")
    assert listener.send(1, trial, heard_left=later, plays_right="4").status_code == 303
    [row] = site.store.answers().rows()
    assert (row.plays_left, row.plays_right, row.heard_left) == (1, 4, 1.0)
    assert row.response_time == 37  # from the first play that was reported


def test_the_response_time_starts_with_the_page_without_a_report(site, listener):
    listener.begin()
    listener.answer(1)
    assert site.store.answers().response_time.tolist() == [30.0]


def test_the_response_time_is_at_most_a_day(site, listener):
    listener.begin()
    listener.look(1)
    listener.clock.forward(86_400 * 3)
    listener.answer(1)
    assert site.store.answers().response_time.tolist() == [86_400.0]


def test_without_javascript_a_box_confirms_listening(site, listener):
    listener.begin()
    page = listener.look(1)
    assert '<noscript><p><label class="tick"><input type="checkbox" name="listened"' in page.text
    silent = {
        "plays_left": "0",
        "plays_right": "0",
        "heard_left": NO_SEGMENTS,
        "heard_right": NO_SEGMENTS,
    }
    assert listener.answer(1, **silent).status_code == 422
    assert listener.answer(1, listened="yes", **silent).status_code == 303
    [row] = site.store.answers().rows()
    assert (row.plays_left, row.heard_left, row.heard_right) == (1, 1.0, 1.0)


def test_other_pages_redirect_to_the_next_trial(listener):
    listener.begin()
    assert listener.get("/trial/3").headers["location"] == "/trial/1"
    listener.answer(1)
    assert listener.get("/trial/1").headers["location"] == "/trial/2"
    assert listener.get("/trial").headers["location"] == "/trial/2"
    assert listener.get("/").headers["location"] == "/trial/2"
    assert listener.get("/about").headers["location"] == "/trial/2"
    assert listener.get("/thanks").headers["location"] == "/trial/2"


def test_the_progress_bar(listener):
    listener.begin()
    for position in range(1, 11):
        page = listener.look(position)
        assert f"Pair {position} of 10" in page.text
        assert f'<progress id="progress" max="10" value="{position - 1}">' in page.text
        listener.send(position, field_of(page, "trial"))


def test_sides_and_order_are_random_for_each_participant(site):
    plans = []
    for _ in range(12):
        listener = site.listener()
        listener.begin()
        plans.append(site.participant(listener).assignments)
    assert len({tuple(pair.trial for pair in plan) for plan in plans}) > 6
    sides = [pair.side_of(site.stimuli.bach[pair.trial]) for plan in plans for pair in plan]
    assert 30 < sides.count("left") < 90


def test_no_page_reveals_an_answer_before_the_end(site, listener):
    """No page but the last differs by which clip is Bach's, and none names the score."""
    listener.begin()
    for position in range(1, 11):
        page = listener.look(position)
        trial = field_of(page, "trial")
        bach = site.stimuli.bach[trial]
        pair = site.participant(listener).assignments[position - 1]
        other = pair.left if bach == pair.right else pair.right
        # Each clip's name is there once, in its own source, and nothing else tells them apart.
        bare = page.text.replace(bach, "CLIP").replace(other, "CLIP")
        assert (page.text.count(bach), page.text.count(other)) == (1, 1)
        left, right = re.findall(r'<section class="clip.*?</section>', bare, re.DOTALL)
        alike = right.replace("right", "left").replace("Clip B", "Clip A").replace('"2"', '"1"')
        assert left == alike
        assert not re.search(r"correct|score", page.text, re.IGNORECASE)
        response = listener.send(position, trial)
        assert set(response.headers) >= {"location"}
        assert response.text == ""


def test_another_person_on_the_same_device(site, listener):
    take(listener)
    first = listener.name
    assert listener.post("/restart").headers["location"] == "/"
    assert "listener" not in listener.browser.cookies
    assert listener.begin().headers["location"] == "/trial/1"
    assert listener.name != first
    assert site.store.counts().agreed == 2
    assert len(site.store.answers()) == 10


def test_no_restart_before_the_end(listener):
    listener.begin()
    assert listener.post("/restart").status_code == 409
    assert listener.get("/trial/1").status_code == 200


def test_everything_heard_is_fifty_segments():
    assert segments(1) == ALL_SEGMENTS
