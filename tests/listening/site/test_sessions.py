"""Session cookies: their content and attributes, and that they survive a restart."""

from http.cookies import SimpleCookie

import pytest
from served_made import SECRET, Browser, Served
from site_made import Clock, Listener, field_of

from bachbot.listening.site.server import create_app
from bachbot.listening.site.sessions import SessionSigner
from bachbot.listening.site.site_context import SiteSettings
from bachbot.listening.store.answer_store import AnswerStore


@pytest.fixture(params=["sqlite"])
def database(request, tmp_path):
    return f"sqlite:///{tmp_path}/answers.db"


def cookie(response, name):
    return SimpleCookie(response.headers["set-cookie"])[name]


def test_over_http(site):
    found = cookie(site.browser().get("/"), "listener")
    assert found["httponly"]
    assert found["samesite"] == "lax"
    assert found["path"] == "/"
    assert not found["secure"]
    assert not found["domain"]
    assert int(found["max-age"]) == 90 * 86_400


def test_over_https(serve, site):
    secure = serve(public_url="https://listen.example")
    response = secure.browser(base="https://listen.example").get("/")
    found = cookie(response, "__Host-listener")
    assert found["secure"]
    assert found["httponly"]
    assert found["path"] == "/"
    assert not found["domain"]
    assert response.headers["strict-transport-security"] == "max-age=31536000"


def test_taking_part_over_https(serve):
    site = serve(public_url="https://listen.example", per_participant=5)
    browser = site.browser(base="https://listen.example")
    listener = Listener(browser, site.clock)
    assert listener.begin().status_code == 303
    assert listener.answer(1).headers["location"] == "/trial/2"
    trial = field_of(listener.look(2), "trial")
    form = {"csrf": listener.csrf, "trial": trial}
    for origin, status in (("https://listen.example", 422), ("https://other.example", 403)):
        response = browser.post("/trial/2", data=form, headers={"Origin": origin})
        assert response.status_code == status


def test_every_session_has_its_own_id(site):
    names = {cookie(site.browser().get("/"), "listener").value.split(".")[0] for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 32 for name in names)


def test_a_forged_cookie_is_replaced_at_the_first_page(site):
    browser = site.browser()
    browser.cookies.set("listener", "0" * 32)
    response = browser.get("/")
    assert response.status_code == 200
    assert cookie(response, "listener").value.split(".")[0] != "0" * 32


def test_a_session_survives_a_restart(site, database, runner):
    listener = site.listener()
    listener.begin()
    listener.answer(1)
    trial = field_of(listener.look(2), "trial")
    site.store.close()
    store = AnswerStore.open(database)
    app = create_app(site.stimuli, store, SECRET, SiteSettings(), site.clock)
    again = Served(store, site.stimuli, app, runner, site.clock)
    browser = Browser(app, runner)
    browser.cookies.update(listener.browser.cookies)
    listener.browser = browser
    assert listener.get("/").headers["location"] == "/trial/2"
    assert listener.send(2, trial).headers["location"] == "/trial/3"
    assert len(again.store.answers()) == 2
    store.close()


def test_a_cookie_is_invalid_with_another_secret(site, runner):
    listener = site.listener()
    listener.begin()
    app = create_app(site.stimuli, site.store, b"another secret".ljust(32), SiteSettings(), Clock())
    browser = Browser(app, runner)
    browser.cookies.update(listener.browser.cookies)
    assert browser.get("/trial/1").headers["location"] == "/"


def test_signatures_are_for_one_purpose():
    signer = SessionSigner(SECRET)
    name = "0123456789abcdef" * 2
    assert signer.verify_session(signer.sign_session(name)) == name
    assert signer.verify_session(signer.sign_admin("token of many letters")) is None
    assert not signer.verify_admin(signer.sign_session(name), "token of many letters")
    assert signer.verify_admin(signer.sign_admin("token of many letters"), "token of many letters")
    assert not signer.verify_admin(signer.sign_admin("token of letters"), "another token")
    assert signer.verify_csrf_token(name, signer.csrf_token(name))
    assert not signer.verify_csrf_token(name[::-1], signer.csrf_token(name))
    assert signer.verify_session(signer.sign_session("not a name")) is None
