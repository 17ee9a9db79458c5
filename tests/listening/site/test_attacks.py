"""Requests that are refused, with which status, and that nothing is stored of them."""

import asyncio

import pytest
from itsdangerous import TimestampSigner
from site_made import HEARD

from bachbot.listening.site.sessions import SessionSigner
from bachbot.serving.bodies import BodyLimits
from bachbot.serving.rates import RateLimit, TokenBuckets

MAX_FORM_BYTES = BodyLimits().max_bytes
COOKIE = "listener"


@pytest.fixture
def unchanged(site, halfway):
    """Check afterwards that the database has not changed."""
    before = stored(site)
    yield
    assert stored(site) == before


def stored(site):
    return site.store.counts(), list(site.store.answers().rows())


def fields(listener, **changes):
    return HEARD | {"csrf": listener.csrf, "trial": listener.trial, "chosen": "left"} | changes


def other_cookies(listener):
    name = listener.name
    good = listener.browser.cookies[COOKIE]
    head, timestamp, signature = good.rsplit(".", 2)
    changed = "A" if signature[5] != "A" else "B"
    another = TimestampSigner(b"guess", salt="session", key_derivation="hmac").sign(name).decode()
    return {
        "none": None,
        "empty": "",
        "unsigned": name,
        "another's name": f"{'0' * 32}.{timestamp}.{signature}",
        "later": f"{head}.zzzzzz.{signature}",
        "signature changed": f"{head}.{timestamp}.{signature[:5]}{changed}{signature[6:]}",
        "signed with a guess": another,
        "the organizer's": SessionSigner(b"s" * 32).sign_admin("session"),
        "very long": "x" * 4000,
        "not ASCII": "%ff%00",
        "SQL": "' OR 1=1 --",
    }


@pytest.mark.slow
@pytest.mark.usefixtures("unchanged")
def test_forged_cookies(site, halfway):
    for what, cookie in other_cookies(halfway).items():
        stranger = site.browser()
        if cookie is not None:
            stranger.cookies.set(COOKIE, cookie)
        for path in ("/consent", "/about", "/trial/2", "/trial/2/playback", "/restart"):
            response = stranger.post(path, data=fields(halfway))
            assert response.status_code == 403, (what, path)
        assert stranger.get("/trial/2").headers["location"] == "/", what
        assert stranger.get("/thanks").headers["location"] == "/", what
        clip = next(iter(site.stimuli.clips))
        assert stranger.get(f"/clips/{clip}").status_code == 403, what


@pytest.mark.usefixtures("unchanged")
def test_an_expired_cookie(site, halfway, monkeypatch):
    import time

    later = time.time() + 91 * 86_400
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    assert halfway.send(2, halfway.trial).status_code == 403


@pytest.mark.usefixtures("unchanged")
def test_a_csrf_token_is_of_its_session(site, halfway):
    other = site.listener()
    other.arrive()
    for csrf in ("", "0" * 64, other.csrf, halfway.csrf[:-1], halfway.csrf + "0", "é"):
        response = halfway.send(2, halfway.trial, csrf=csrf)
        assert response.status_code == 403
    missing = fields(halfway)
    del missing["csrf"]
    assert halfway.browser.post("/trial/2", data=missing).status_code == 403


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://listen.test.evil.example"},
        {"Origin": "http://listen.test:81"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms_from_other_sites(halfway, headers):
    response = halfway.browser.post("/trial/2", data=fields(halfway), headers=headers)
    assert response.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://listen.test"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}],
)
def test_forms_from_this_site(halfway, headers):
    response = halfway.browser.post("/trial/2", data=fields(halfway), headers=headers)
    assert response.headers["location"] == "/trial/3"


@pytest.mark.usefixtures("unchanged")
def test_trials_of_other_participants(site, halfway):
    mine = {pair.trial for pair in site.participant(halfway).assignments}
    strangers = [trial.id for trial in site.stimuli.trials if trial.id not in mine]
    assert strangers
    unknown = ["", "nothing", "0" * 12, "../1", "' OR 1=1", "a" * 500, *strangers]
    for trial in unknown:
        for path in ("/trial/2", "/trial/2/playback"):
            response = halfway.browser.post(path, data=fields(halfway, trial=trial))
            assert response.status_code == 404, trial
    nul = halfway.browser.post("/trial/2", data=fields(halfway, trial="\x00"))
    assert nul.status_code == 400


@pytest.mark.usefixtures("unchanged")
def test_trials_out_of_order(site, halfway):
    assignments = site.participant(halfway).assignments
    third = assignments[2].trial
    assert halfway.send(3, third).status_code == 409
    assert halfway.send(2, third).status_code == 409
    assert halfway.send(3, halfway.trial).status_code == 409
    assert halfway.send(1, halfway.trial).status_code == 409
    for number in (0, 11, 99, 10**30):
        assert halfway.send(number, halfway.trial).status_code == 404
        assert halfway.get(f"/trial/{number}").status_code == 404
    for path in ("/trial/-1", "/trial/x", "/trial/1.0", "/trial/2/", "/trial/2/playback/x"):
        assert halfway.browser.post(path, data=fields(halfway)).status_code == 404


def test_a_trial_that_was_never_shown(site):
    listener = site.listener()
    listener.begin()
    trial = site.participant(listener).assignments[0].trial
    for path in ("/trial/1", "/trial/1/playback"):
        sent = HEARD | {"csrf": listener.csrf, "trial": trial, "chosen": "left"}
        assert listener.browser.post(path, data=sent).status_code == 409
    assert len(site.store.answers()) == 0


def test_before_consent(site):
    listener = site.listener()
    listener.arrive()
    sent = HEARD | {"trial": site.stimuli.trials[0].id, "chosen": "left"}
    for path in ("/about", "/trial/1", "/trial/1/playback", "/restart"):
        assert listener.post(path, **sent, age="26-45", experience="novice").status_code == 409
    assert site.nothing_stored()


def test_before_the_questions_on_age_and_experience(site):
    listener = site.listener()
    listener.agree()
    trial = site.participant(listener).assignments[0].trial
    assert listener.send(1, trial).status_code == 409
    assert listener.get("/trial/1").headers["location"] == "/about"
    assert len(site.store.answers()) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "changes",
    [
        {"plays_left": ""},
        {"plays_left": "-1"},
        {"plays_left": "1e3"},
        {"plays_left": "٣"},
        {"plays_left": "10001"},
        {"plays_right": "9" * 400},
        {"heard_left": ""},
        {"heard_left": "1" * 49},
        {"heard_left": "1" * 51},
        {"heard_right": "2" * 50},
        {"heard_right": "1" * 49 + "\n"},
        {"heard_right": "NaN"},
    ],
)
def test_invalid_playback(halfway, changes):
    for path in ("/trial/2", "/trial/2/playback"):
        response = halfway.browser.post(path, data=fields(halfway, **changes))
        assert response.status_code == 422


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (b"csrf=1", {"Content-Type": ""}, 415),
        (b"csrf", FORM, 400),
        (b"csrf=%ff", FORM, 400),
        (b"\xff\xfe=1", FORM, 400),
        (b"&".join(b"a%d=1" % n for n in range(17)), FORM, 400),
        (b"trial=1&trial=2", FORM, 400),
        (b"", FORM, 403),
    ],
)
def test_invalid_forms(halfway, body, headers, status):
    response = halfway.browser.post("/trial/2", content=body, headers=headers)
    assert response.status_code == status


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", ["/consent", "/about", "/trial/2", "/trial/2/playback", "/admin"])
def test_forms_that_are_too_large(halfway, path):
    response = halfway.browser.post(path, data=fields(halfway, more="x" * MAX_FORM_BYTES))
    assert response.status_code == 413

    async def in_pieces():
        for _ in range(9):
            yield b"a" * 1024

    assert halfway.browser.post(path, content=in_pieces(), headers=FORM).status_code == 413
    lying = FORM | {"Content-Length": "-5"}
    assert halfway.browser.post(path, content=b"a=1", headers=lying).status_code == 400


@pytest.mark.usefixtures("unchanged")
def test_a_form_that_never_ends(site, halfway, monkeypatch):
    monkeypatch.setattr(site.app._app._app, "_limits", BodyLimits(seconds=0.05))

    async def slow():
        yield b"csrf="
        await asyncio.Event().wait()

    response = halfway.browser.post("/trial/2", content=slow(), headers=FORM)
    assert response.status_code == 408


def test_real_forms_are_much_smaller_than_the_limit(halfway):
    assert sum(len(k) + len(v) + 2 for k, v in fields(halfway).items()) < MAX_FORM_BYTES / 8


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods(halfway, method):
    for path in ("/", "/consent", "/trial/2", "/admin"):
        assert halfway.browser.request(method, path).status_code == 405


@pytest.mark.slow
@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "path",
    [
        "/docs", "/redoc", "/openapi.json", "/.env", "/trials.json", "/key.json", "/test-key.json",
        "/static/", "/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py",
        "/static/base.html", "/static/site.css/", "/favicon.ico", "//evil.example/", "/trial//1",
    ],
)  # fmt: skip
def test_addresses_without_a_page(halfway, path):
    response = halfway.browser.get(f"http://listen.test{path}")
    assert response.status_code == 404
    assert "bach_side" not in response.text


@pytest.mark.usefixtures("unchanged")
def test_paths_in_the_names_of_clips(site, halfway):
    clip = next(iter(site.stimuli.clips))
    key = site.stimuli.clips[clip].path.parents[2] / "test-key.json"
    assert key.is_file()
    names = [
        "../../test-key.json", "..%2f..%2ftest-key.json", "%2e%2e/%2e%2e/test-key.json",
        "....//....//test-key.json", "..\\..\\test-key.json", "..%5c..%5ctest-key.json",
        "/etc/passwd", "%2fetc%2fpasswd", f"{clip}/../../../test-key.json",
        f"{clip}%00.wav", f"{clip}/", clip.upper().replace(".WAV", ".WAV "), "",
        clip.replace(".wav", ".json"), clip.removesuffix(".wav"), str(key), f"file://{key}",
    ]  # fmt: skip
    for name in names:
        response = halfway.browser.get(f"http://listen.test/clips/{name}")
        assert response.status_code in (404, 403), name
        assert b"bachbot-key" not in response.content
    assert halfway.browser.get(f"/clips/{clip}").status_code == 200


def test_too_many_requests(site, monkeypatch):
    limits = site.app._app
    for name in ("_session_reads", "_session_writes", "_address_requests", "_address_reads"):
        monkeypatch.setattr(getattr(limits, name), "_clock", lambda: 0.0)  # no bucket is refilled
    listener = site.listener()
    listener.begin()
    statuses = [listener.post("/about").status_code for _ in range(60)]
    assert statuses[:30] == [303] * 30
    assert statuses[-1] == 429
    response = listener.post("/about")
    assert int(response.headers["retry-after"]) >= 1
    other = site.listener()
    assert other.begin().status_code == 303


def test_an_address_cannot_enroll_participants_without_limit(site, monkeypatch):
    limited = TokenBuckets(RateLimit(3, 0.001))
    monkeypatch.setattr(site.app._app, "_address_consents", limited)
    statuses = [site.listener(address="192.0.2.9").agree().status_code for _ in range(5)]
    assert statuses == [303, 303, 303, 429, 429]
    assert site.store.counts().agreed == 3
    assert site.listener(address="192.0.2.10").agree().status_code == 303


def test_no_network_address_is_stored(site, database, listener):
    """Neither in a column nor in the bytes of the database's file."""
    from sqlalchemy import inspect

    from bachbot.listening.store.database import connect

    listener.begin()
    listener.browser.request("GET", "/", headers={"User-Agent": "Netscape-4711"})
    listener.answer(1)
    engine = connect(database)
    names = {
        column["name"]
        for table in inspect(engine).get_table_names()
        for column in inspect(engine).get_columns(table)
    }
    engine.dispose()
    words = {word for name in names for word in name.split("_")}
    assert not words & {"ip", "address", "addr", "agent", "host", "name", "mail"}
    site.store.close()
    if database.startswith("sqlite"):
        from pathlib import Path

        file = Path(database.removeprefix("sqlite:///"))
        for part in file.parent.glob(f"{file.name}*"):
            assert b"192.0.2" not in part.read_bytes()
            assert b"Netscape" not in part.read_bytes()


def test_a_database_failure_is_reported_and_nothing_acknowledged(site, halfway, monkeypatch):
    from bachbot.errors import OutputError

    def full(*_):
        raise OutputError("the database failed (disk full): check that it has space")

    before = stored(site)
    with monkeypatch.context() as patch:
        patch.setattr(type(site.store), "record_answer", full)
        response = halfway.send(2, halfway.trial)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert "disk full" not in response.text
    assert stored(site) == before
    assert halfway.send(2, halfway.trial).headers["location"] == "/trial/3"


def test_an_internal_error_reveals_nothing(site, halfway, monkeypatch):
    def broken(*_):
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(type(site.store), "participant", broken)
    response = halfway.get("/trial/2")
    assert response.status_code == 500
    assert "inside" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
