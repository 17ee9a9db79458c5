"""The page of counts."""

from http.cookies import SimpleCookie

import pytest
from site_made import TOKEN


def enter(listener, token=TOKEN):
    listener.arrive()
    return listener.post("/admin", token=token)


@pytest.mark.slow
def test_counts(site):
    listener = site.listener()
    listener.begin()
    for position in range(1, 11):
        listener.answer(position)
    site.listener().agree()
    half = site.listener()
    half.begin()
    half.answer(1)
    organizer = site.listener()
    response = enter(organizer)
    assert response.status_code == 303
    answers = site.store.answers()
    found = organizer.get("/admin/counts").json()
    assert {k: found[k] for k in ("agreed", "described", "answered", "finished", "answers")} == {
        "agreed": 3,
        "described": 2,
        "answered": 2,
        "finished": 1,
        "answers": 11,
    }
    for condition, counts in found["by_condition"].items():
        mask = answers.condition == condition
        assert counts == {"answers": mask.sum(), "correct": answers.correct[mask].sum()}
    page = organizer.get("/admin")
    assert '<span class="figure" data-count="agreed">3</span>' in page.text
    assert TOKEN not in page.text
    half.answer(2)
    assert organizer.get("/admin/counts").json()["answers"] == 12


def test_the_cookie_is_for_this_page_only(listener):
    found = SimpleCookie(enter(listener).headers["set-cookie"])["admin"]
    assert found["path"] == "/admin"
    assert found["samesite"] == "strict"
    assert found["httponly"]
    assert TOKEN not in found.value


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + " ", TOKEN.upper(), "é" * 20])
def test_a_wrong_token_is_rejected(listener, token):
    response = enter(listener, token)
    assert response.status_code == 403
    assert "admin" not in response.headers.get("set-cookie", "")
    assert "<table" not in listener.get("/admin").text
    assert listener.get("/admin/counts").status_code == 403


@pytest.mark.parametrize("cookie", ["admin", "admin.aaaaaa.bbbbbb", TOKEN.replace(" ", "")])
def test_a_forged_cookie_is_rejected(site, cookie):
    browser = site.browser()
    browser.cookies.set("admin", cookie)
    assert browser.get("/admin/counts").status_code == 403
    assert "<table" not in browser.get("/admin").text


def test_a_token_in_the_address_is_ignored(listener):
    listener.arrive()
    assert "<table" not in listener.get(f"/admin?token={TOKEN.replace(' ', '+')}").text


def test_the_number_of_attempts_is_limited(listener):
    listener.arrive()
    statuses = [listener.post("/admin", token=f"guess {n}").status_code for n in range(12)]
    assert statuses == [403] * 10 + [429] * 2


def test_without_a_token_there_is_no_such_page(serve):
    site = serve(admin_token=None)
    listener = site.listener()
    assert listener.get("/admin").status_code == 404
    assert listener.get("/admin/counts").status_code == 404
    assert enter(listener, "").status_code == 404


def test_logging_out(listener):
    enter(listener)
    assert "<table" in listener.get("/admin").text
    assert listener.post("/admin/logout").headers["location"] == "/admin"
    assert "<table" not in listener.get("/admin").text
