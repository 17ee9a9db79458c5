"""Requests that no browser sends, over real connections: refused, and never a fault of the site."""

import logging

import pytest
from site_made import HEARD
from website_made import ask, running, status_of

CLOSE = b"Connection: close\r\n\r\n"
VALUES = {
    "nothing": b"",
    "huge": b"9" * 3000,
    "many digits": b"9" * 4300,
    "negative": b"-1",
    "a float": b"1.5e300",
    "not a number": b"NaN",
    "latin": b"\xe9\xff\xb2",
    "digits that are not ASCII": "\u0663\uff11".encode(),
    "escapes": b"%00%0d%0aX:%20y%ff",
    "brackets": b"http://[",
    "quotes": b"'\";--<script>{{7*7}}${7}",
    "a path": b"../../../etc/passwd",
    "spaces": b" \t x",
}
HEADERS = [
    b"Origin", b"Host", b"Cookie", b"Range", b"Content-Length", b"Content-Type", b"Sec-Fetch-Site",
    b"If-None-Match", b"If-Modified-Since", b"If-Range", b"Expect", b"Accept", b"Accept-Encoding",
    b"Transfer-Encoding", b"X-Forwarded-For", b"X-Forwarded-Host", b"X-Forwarded-Proto",
    b"X-HTTP-Method-Override", b"Referer", b"User-Agent", b"Upgrade", b"Connection", b"Forwarded",
]  # fmt: skip


@pytest.fixture(params=["sqlite"])
def database(request, tmp_path):
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def address(site, halfway, caplog):
    """The site on a port; its answers and its log must not change."""
    before = site.store.counts()
    with caplog.at_level(logging.ERROR), running(site.app) as found:
        yield found
    assert [record.getMessage() for record in caplog.records] == []
    assert site.store.counts() == before


@pytest.fixture
def cookie(halfway):
    return b"Cookie: listener=" + halfway.browser.cookies["listener"].encode() + b"\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("header", HEADERS, ids=bytes.decode)
def test_every_header_with_every_value(site, halfway, address, cookie, header):
    clip = next(iter(site.stimuli.clips)).encode()
    form = b"csrf=" + halfway.csrf.encode()
    for what, value in VALUES.items():
        line = header + b": " + value + b"\r\n"
        host = b"" if header == b"Host" else b"Host: a.example\r\n"
        mine = b"" if header == b"Cookie" else cookie
        for path in (b"/trial/2", b"/clips/" + clip, b"/admin"):
            head = b"GET " + path + b" HTTP/1.1\r\n" + host + mine + line
            assert 200 <= status_of(ask(address, head + CLOSE)) < 500, what
        if header in (b"Content-Length", b"Transfer-Encoding"):
            continue
        head = b"POST /about HTTP/1.1\r\n" + host + mine + line
        length = b"Content-Length: %d\r\n" % len(form)
        status = status_of(ask(address, head + length + CLOSE + form))
        assert 200 <= status < 500, (what, status)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        b"/trial/" + b"9" * 4300,
        b"/trial/" + b"9" * 400,
        b"/trial/-1",
        b"/trial/1.0",
        b"/trial/%D9%A3",
        b"/trial/\xd9\xa3",
        b"/trial/%00",
        b"/trial/1%0d%0aX:%20y",
        b"/trial/%",
        b"/trial/%zz",
        b"/trial/%ff",
        b"/clips/" + b"a" * 4300,
        b"/clips/%2e%2e%2f%2e%2e%2ftest-key.json",
        b"/clips/..%c0%af..%c0%aftest-key.json",
        b"/clips/..%252f..%252ftest-key.json",
        b"/static/" + b"../" * 1000,
        b"/" * 4300,
        b"/?" + b"a=1&" * 1000,
        b"//evil.example/%2e%2e",
        b"http://evil.example/admin",
        b"*",
        b"/%61dmin%3f",
        b"/admin;x=1",
    ],
)
def test_paths(address, cookie, path):
    for method in (b"GET", b"HEAD", b"POST"):
        head = method + b" " + path + b" HTTP/1.1\r\nHost: a.example\r\n" + cookie
        expected = (400, 403, 404, 405, 415) if method == b"POST" else (400, 403, 404)
        assert status_of(ask(address, head + CLOSE)) in expected


@pytest.mark.parametrize(
    "method", [b"PUT", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"get", b"X" * 500]
)
def test_methods(address, cookie, method):
    for path in (b"/", b"/consent", b"/admin", b"/nothing"):
        head = method + b" " + path + b" HTTP/1.1\r\nHost: a.example\r\n" + cookie
        answer = ask(address, head + CLOSE)
        assert status_of(answer) in (400, 405)
        # Nothing of the request comes back, as TRACE would send it.
        assert cookie.strip() not in answer


FIELDS = ("trial", "chosen", "plays_left", "plays_right", "heard_left", "heard_right", "csrf")


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_with_every_value(halfway, address, cookie, field):
    from urllib.parse import quote_from_bytes, urlencode

    good = HEARD | {"csrf": halfway.csrf, "trial": halfway.trial, "chosen": "left"}
    for path in (b"/trial/2", b"/trial/2/playback"):
        for what, value in VALUES.items():
            rest = urlencode({k: v for k, v in good.items() if k != field})
            bad = f"{field}={quote_from_bytes(value)}"
            for form in (f"{rest}&{bad}", f"{urlencode(good)}&{bad}"):
                head = b"POST " + path + b" HTTP/1.1\r\nHost: a.example\r\n" + cookie
                head += b"Content-Type: application/x-www-form-urlencoded\r\n"
                length = b"Content-Length: %d\r\n" % len(form)
                status = status_of(ask(address, head + length + CLOSE + form.encode()))
                if path.endswith(b"playback") and field == "chosen" and form.count("chosen=") == 1:
                    continue
                assert status in (400, 403, 404, 422, 429), (what, path, status)


def test_a_host_that_contains_a_path_does_not_lift_the_limit_of_attempts(site):
    """The address of the request as a whole would be another one."""
    listener = site.listener()
    listener.arrive()
    form = {"csrf": listener.csrf, "token": "a guess"}
    hosts = [f"a{number}.example" for number in range(10)]
    plain = [
        listener.browser.post("/admin", data=form, headers={"Host": host}).status_code
        for host in hosts
    ]
    assert plain == [403] * 10
    for host in ("a.example/x", "a.example?", "a.example#", "u@a.example", "a.example"):
        response = listener.browser.post("/admin", data=form, headers={"Host": host})
        assert response.status_code in (400, 429), host


def test_new_sessions_do_not_lift_the_limit_of_an_address(site, monkeypatch):
    from bachbot.serving.rates import RateLimit, TokenBuckets

    limits = site.app._app
    monkeypatch.setattr(limits, "_address_requests", TokenBuckets(RateLimit(20, 0.001)))
    statuses = []
    for _ in range(6):
        listener = site.listener(address=f"2001:db8:1:2::{len(statuses)}")
        listener.browser.get("/")
        statuses += [listener.get("/trial").status_code for _ in range(4)]
    assert statuses[:12] == [303] * 12
    assert statuses[-4:] == [429] * 4


def test_participants_do_not_fill_the_disk(site, monkeypatch):
    monkeypatch.setattr("bachbot.listening.store.answer_store.MAX_PARTICIPANTS", 3)
    statuses = [site.listener().agree().status_code for _ in range(5)]
    assert statuses == [303, 303, 303, 503, 503]
    assert site.store.counts().agreed == 3


def test_an_answer_that_is_sent_at_once_from_two_tabs_counts_once(site, halfway):
    """Whichever comes first is kept, and the other one is told where to go on."""
    import asyncio

    client = halfway.browser._client
    form = HEARD | {"csrf": halfway.csrf, "trial": halfway.trial}

    async def both():
        return await asyncio.gather(
            *(client.post("/trial/2", data=form | {"chosen": c}) for c in ("left", "right") * 4)
        )

    responses = halfway.browser._runner.run(both())
    assert {r.status_code for r in responses} == {303}
    assert {r.headers["location"] for r in responses} == {"/trial/3"}
    assert len(site.store.answers()) == 2
