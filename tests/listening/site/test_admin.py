"""The page of counts."""

from http.cookies import SimpleCookie

import pytest
from site_made import TOKEN


def enter(listener, token=TOKEN):
    listener.arrive()
    return listener.post("/admin", token=token)


def test_counts(site):
    listener = site.listener()
    listener.begin()
    for position in range(1, 11):
        listener.answer(position)
    site.listener().agree()
    half = site.listener()
    half.begin()
    half.answer(1)
    operator = site.listener()
    response = enter(operator)
    assert response.status_code == 303
    answers = site.store.answers()
    found = operator.get("/admin/counts").json()
    assert {k: found[k] for k in ("agreed", "told", "answered", "finished", "answers")} == {
        "agreed": 3,
        "told": 2,
        "answered": 2,
        "finished": 1,
        "answers": 11,
    }
    for kind, counted in found["types"].items():
        of = answers.kind == kind
        assert counted == {"answers": of.sum(), "correct": answers.correct[of].sum()}
    page = operator.get("/admin")
    assert '<span class="figure" data-count="agreed">3</span>' in page.text
    assert TOKEN not in page.text
    half.answer(2)
    assert operator.get("/admin/counts").json()["answers"] == 12


def test_the_cookie_goes_to_that_page_alone(listener):
    found = SimpleCookie(enter(listener).headers["set-cookie"])["admin"]
    assert found["path"] == "/admin"
    assert found["samesite"] == "strict"
    assert found["httponly"]
    assert TOKEN not in found.value


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + " ", TOKEN.upper(), "é" * 20])
def test_another_token_opens_nothing(listener, token):
    response = enter(listener, token)
    assert response.status_code == 403
    assert "admin" not in response.headers.get("set-cookie", "")
    assert "<table" not in listener.get("/admin").text
    assert listener.get("/admin/counts").status_code == 403


@pytest.mark.parametrize("cookie", ["admin", "admin.aaaaaa.bbbbbb", TOKEN.replace(" ", "")])
def test_a_forged_cookie_opens_nothing(site, cookie):
    browser = site.browser()
    browser.cookies.set("admin", cookie)
    assert browser.get("/admin/counts").status_code == 403
    assert "<table" not in browser.get("/admin").text


def test_a_token_in_the_address_opens_nothing(listener):
    listener.arrive()
    assert "<table" not in listener.get(f"/admin?token={TOKEN.replace(' ', '+')}").text


def test_tokens_cannot_be_tried_without_end(listener):
    listener.arrive()
    statuses = [listener.post("/admin", token=f"guess {n}").status_code for n in range(12)]
    assert statuses == [403] * 10 + [429] * 2


def test_without_a_token_there_is_no_such_page(serve):
    site = serve(admin_token=None)
    listener = site.listener()
    assert listener.get("/admin").status_code == 404
    assert listener.get("/admin/counts").status_code == 404
    assert enter(listener, "").status_code == 404


def test_leaving(listener):
    enter(listener)
    assert "<table" in listener.get("/admin").text
    assert listener.post("/admin/leave").headers["location"] == "/admin"
    assert "<table" not in listener.get("/admin").text
