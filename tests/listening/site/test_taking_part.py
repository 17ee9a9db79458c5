"""From consent to thanks."""

import re

import pytest
from served_made import SECRET, Served
from site_made import HEARD, Clock, field_of, make_test

from bachbot.listening.answers import AGES, EVERYTHING, EXPERIENCES, NOTHING, PARTS
from bachbot.listening.site.app import create_app
from bachbot.listening.site.material import load


def parts(share):
    """A clip of which so much was heard, from the start."""
    return ("1" * round(share * PARTS)).ljust(PARTS, "0")


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
    assert sorted(answers.order) == list(range(1, 11))
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
        pair = site.participant(listener).plan[position - 1]
        side = pair.side_of(site.material.bach[trial])
        wrong = position in (2, 5, 9)
        listener.send(position, trial, {"left": "right", "right": "left"}[side] if wrong else side)
    assert "7 of 10" in listener.get("/thanks").text
    assert site.store.answers().correct.sum() == 7


@pytest.mark.parametrize("each", [5, 7, 10])
def test_as_many_trials_as_are_wanted(serve, each):
    site = serve(each=each)
    assert take(site.listener(), each).headers["location"] == "/thanks"
    assert len(site.store.answers()) == each


def test_all_trials_where_there_are_fewer(tmp_path, store, runner):
    few = load(tmp_path / "few", make_test(tmp_path / "few", trials=3))
    clock = Clock()
    site = Served(store, few, create_app(few, store, SECRET, clock=clock), runner, clock)
    listener = site.listener()
    assert "3</span> pairs" in listener.arrive().text
    assert take(listener, 3).headers["location"] == "/thanks"


def test_without_agreeing_nothing_begins(site, listener):
    listener.arrive()
    response = listener.post("/consent")
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert listener.get("/trial/1").headers["location"] == "/"
    assert site.nothing_kept()


def test_every_group_can_be_told(site):
    for age, experience in zip(AGES, (*EXPERIENCES, "novice"), strict=True):
        listener = site.listener()
        assert listener.begin(age, experience).headers["location"] == "/trial/1"
        kept = site.participant(listener)
        assert (kept.age, kept.experience) == (age, experience)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({}, "age and one for experience"),
        ({"age": "26-45"}, "experience"),
        ({"age": "26-45", "experience": "genius"}, "experience"),
        ({"age": "12", "experience": "novice"}, "age"),
    ],
)
def test_a_group_must_be_one_of_those(site, listener, told, wanted):
    listener.agree()
    response = listener.post("/about", **told)
    assert response.status_code == 422
    assert f"one line for {wanted}" in response.text
    assert site.participant(listener).age is None


def test_told_again_it_stays(site, listener):
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
def test_both_clips_must_be_heard(site, listener, left, right):
    listener.begin()
    response = listener.answer(1, heard_left=parts(left), heard_right=parts(right))
    assert response.status_code == 422
    assert "Listen to both clips first" in response.text
    assert len(site.store.answers()) == 0
    assert listener.answer(1).headers["location"] == "/trial/2"


def test_as_much_as_is_wanted_is_enough(site, listener):
    listener.begin()
    response = listener.answer(1, heard_left=parts(0.9), heard_right=parts(0.9))
    assert response.status_code == 303
    assert site.store.answers().heard_left.tolist() == [0.9]


def test_nobody_hears_faster_than_time_goes(site, listener):
    listener.begin()
    trial = field_of(listener.get("/trial/1"), "trial")
    listener.clock.forward(2.5)  # of the 3.6 seconds that are wanted of twice 2, one is let go
    response = listener.send(1, trial)
    assert response.status_code == 422
    assert "not yet time enough" in response.text
    assert len(site.store.answers()) == 0
    listener.clock.forward(0.2)
    assert listener.send(1, trial).status_code == 303


def test_something_must_be_chosen(site, listener):
    listener.begin()
    for chosen in ("", "both", "LEFT"):
        response = listener.answer(1, chosen)
        assert response.status_code == 422
        assert "Choose clip A or clip B" in response.text
    assert len(site.store.answers()) == 0


def test_what_was_heard_is_kept_when_the_page_is_left(site, listener):
    listener.begin()
    trial = field_of(listener.look(1), "trial")
    first = HEARD | {"trial": trial, "heard_left": parts(0.6), "heard_right": NOTHING}
    assert listener.post("/trial/1/heard", **first).status_code == 204
    listener.clock.forward(7)
    page = listener.look(1)
    assert field_of(page, "heard_left") == parts(0.6)
    assert field_of(page, "plays_right") == "2"
    later = ("0" * (PARTS // 2)).ljust(PARTS, "1")
    assert listener.send(1, trial, heard_left=later, plays_right="4").status_code == 303
    [row] = site.store.answers().rows()
    assert (row.plays_left, row.plays_right, row.heard_left) == (1, 4, 1.0)
    assert row.seconds == 37  # from the first play that was told of


def test_the_time_is_from_the_page_where_no_play_was_told_of(site, listener):
    listener.begin()
    listener.answer(1)
    assert site.store.answers().seconds.tolist() == [30.0]


def test_a_trial_left_for_days_takes_a_day(site, listener):
    listener.begin()
    listener.look(1)
    listener.clock.forward(86_400 * 3)
    listener.answer(1)
    assert site.store.answers().seconds.tolist() == [86_400.0]


def test_without_a_script_one_says_oneself_that_one_listened(site, listener):
    listener.begin()
    page = listener.look(1)
    assert '<noscript><p><label class="tick"><input type="checkbox" name="listened"' in page.text
    silent = {"plays_left": "0", "plays_right": "0", "heard_left": NOTHING, "heard_right": NOTHING}
    assert listener.answer(1, **silent).status_code == 422
    assert listener.answer(1, listened="yes", **silent).status_code == 303
    [row] = site.store.answers().rows()
    assert (row.plays_left, row.heard_left, row.heard_right) == (1, 1.0, 1.0)


def test_the_trial_that_is_next_is_the_one_that_is_shown(listener):
    listener.begin()
    assert listener.get("/trial/3").headers["location"] == "/trial/1"
    listener.answer(1)
    assert listener.get("/trial/1").headers["location"] == "/trial/2"
    assert listener.get("/trial").headers["location"] == "/trial/2"
    assert listener.get("/").headers["location"] == "/trial/2"
    assert listener.get("/about").headers["location"] == "/trial/2"
    assert listener.get("/thanks").headers["location"] == "/trial/2"


def test_the_bar_shows_how_far_one_is(listener):
    listener.begin()
    for position in range(1, 11):
        page = listener.look(position)
        assert f"Pair {position} of 10" in page.text
        assert f'<progress id="progress" max="10" value="{position - 1}">' in page.text
        listener.send(position, field_of(page, "trial"))


def test_sides_and_order_are_drawn_for_each(site):
    plans = []
    for _ in range(12):
        listener = site.listener()
        listener.begin()
        plans.append(site.participant(listener).plan)
    assert len({tuple(pair.trial for pair in plan) for plan in plans}) > 6
    sides = [pair.side_of(site.material.bach[pair.trial]) for plan in plans for pair in plan]
    assert 30 < sides.count("left") < 90


def test_never_the_answer_before_the_end(site, listener):
    """No page but the last differs by which clip is Bach's, and none names the score."""
    listener.begin()
    for position in range(1, 11):
        page = listener.look(position)
        trial = field_of(page, "trial")
        bach = site.material.bach[trial]
        pair = site.participant(listener).plan[position - 1]
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


def test_another_person_at_the_same_device(site, listener):
    take(listener)
    first = listener.name
    assert listener.post("/again").headers["location"] == "/"
    assert "listener" not in listener.browser.cookies
    assert listener.begin().headers["location"] == "/trial/1"
    assert listener.name != first
    assert site.store.counts().agreed == 2
    assert len(site.store.answers()) == 10


def test_not_before_one_is_done(listener):
    listener.begin()
    assert listener.post("/again").status_code == 409
    assert listener.get("/trial/1").status_code == 200


def test_everything_heard_is_fifty_parts():
    assert parts(1) == EVERYTHING
