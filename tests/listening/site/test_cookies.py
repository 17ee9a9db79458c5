"""Cookies: what they hold, how they are set, and that they outlive the server."""

from http.cookies import SimpleCookie

import pytest
from served_made import SECRET, Browser, Served
from site_made import Clock, Listener, field_of

from bachbot.listening.site.app import create_app
from bachbot.listening.site.security import Seal
from bachbot.listening.site.site import SiteSettings
from bachbot.listening.store.store import Store


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


def test_over_https_one_takes_part(serve):
    site = serve(public_url="https://listen.example", each=5)
    browser = site.browser(base="https://listen.example")
    listener = Listener(browser, site.clock)
    assert listener.begin().status_code == 303
    assert listener.answer(1).headers["location"] == "/trial/2"
    trial = field_of(listener.look(2), "trial")
    form = {"csrf": listener.csrf, "trial": trial}
    for origin, status in (("https://listen.example", 422), ("https://other.example", 403)):
        response = browser.post("/trial/2", data=form, headers={"Origin": origin})
        assert response.status_code == status


def test_everybody_has_another(site):
    names = {cookie(site.browser().get("/"), "listener").value.split(".")[0] for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 32 for name in names)


def test_a_forged_one_is_replaced_at_the_first_page(site):
    browser = site.browser()
    browser.cookies.set("listener", "0" * 32)
    response = browser.get("/")
    assert response.status_code == 200
    assert cookie(response, "listener").value.split(".")[0] != "0" * 32


def test_a_session_outlives_the_server(site, database, runner):
    listener = site.listener()
    listener.begin()
    listener.answer(1)
    trial = field_of(listener.look(2), "trial")
    site.store.close()
    store = Store.open(database)
    app = create_app(site.material, store, SECRET, SiteSettings(), site.clock)
    again = Served(store, site.material, app, runner, site.clock)
    browser = Browser(app, runner)
    browser.cookies.update(listener.browser.cookies)
    listener.browser = browser
    assert listener.get("/").headers["location"] == "/trial/2"
    assert listener.send(2, trial).headers["location"] == "/trial/3"
    assert len(again.store.answers()) == 2
    store.close()


def test_with_another_secret_it_is_worth_nothing(site, runner):
    listener = site.listener()
    listener.begin()
    app = create_app(
        site.material, site.store, b"another secret".ljust(32), SiteSettings(), Clock()
    )
    browser = Browser(app, runner)
    browser.cookies.update(listener.browser.cookies)
    assert browser.get("/trial/1").headers["location"] == "/"


def test_seals_are_each_for_one_thing():
    seal = Seal(SECRET)
    name = "0123456789abcdef" * 2
    assert seal.name(seal.session(name)) == name
    assert seal.name(seal.admin("token of many letters")) is None
    assert not seal.admin_is(seal.session(name), "token of many letters")
    assert seal.admin_is(seal.admin("token of many letters"), "token of many letters")
    assert not seal.admin_is(seal.admin("token of many letters"), "another token, longer")
    assert seal.form_is(name, seal.form(name))
    assert not seal.form_is(name[::-1], seal.form(name))
    assert seal.name(seal.session("not a name")) is None
