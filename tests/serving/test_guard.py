"""What is checked of each request, and the headers of each response."""

import asyncio

import httpx
import pytest
from website_made import guarded, pages

from bachbot.serving.addresses import TrustedProxies
from bachbot.serving.guard import MAX_PATH_BYTES, MAX_QUERY_BYTES, GuardSettings
from bachbot.serving.headers import HEADERS


def send(scope, app=None, body=b""):
    """Pass a request to an application, and return the status and the headers of the response."""
    whole = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [],
        "client": ("192.0.2.7", 5), "server": ("a.example", 80), "scheme": "http", "root_path": "",
        "http_version": "1.1",
    } | scope  # fmt: skip
    whole.setdefault("raw_path", whole["path"].encode())
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def keep(message):
        sent.append(message)

    asyncio.run((app or guarded())(whole, receive, keep))
    return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ({}, 200),
        ({"method": "HEAD"}, 200),
        ({"method": "POST"}, 200),
        *(
            ({"method": method}, 405)
            for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "X" * 99)
        ),
        ({"path": "/" + "1" * (MAX_PATH_BYTES - 1)}, 200),
        ({"path": "/" + "1" * MAX_PATH_BYTES}, 404),
        ({"path": "/trial/" + "9" * 4300}, 404),
        ({"path": "*"}, 404),
        ({"path": "http://a.example/"}, 404),
        ({"path": "/\x00"}, 404),
        ({"path": "/a\nb"}, 404),
        ({"path": "/\ufffd"}, 404),
        ({"query_string": b"a" * MAX_QUERY_BYTES}, 200),
        ({"query_string": b"a" * (MAX_QUERY_BYTES + 1)}, 400),
    ],
)  # fmt: skip
def test_methods_and_paths(scope, status):
    found, headers = send(scope)
    assert found == status
    assert ("allow" in headers) == (status == 405)
    if status != 200:
        assert headers["connection"] == "close"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"host", b"a.example")], 200),
        ([(b"host", b"a.example:8000")], 200),
        ([(b"host", b"[2001:db8::1]:80")], 200),
        ([(b"host", b"")], 400),
        ([(b"host", b"a/b")], 400),
        ([(b"host", b"a@b")], 400),
        ([(b"host", b"[::1")], 400),
        ([(b"host", b"a:999999")], 400),
        ([(b"host", b"\xff")], 400),
        ([(b"host", b"a" * 300)], 400),
        ([(b"cookie", b"a=1"), (b"cookie", b"a=2")], 400),
        ([(b"origin", b"null"), (b"origin", b"null")], 400),
        ([(b"content-length", b"0")], 200),
        ([(b"content-length", b"1")], 400),
        ([(b"content-length", b"-1")], 400),
        ([(b"content-length", b"\xb2")], 400),
        ([(b"content-length", b"1.0")], 400),
        ([(b"transfer-encoding", b"chunked")], 400),
        ([(b"range", b"bytes=0-" + b"9" * 100)], 400),
        ([(b"x-anything", bytes(range(128, 256)))], 200),
        ([(b"x-anything", b"a")] * 100, 200),
        ([(b"x-anything", b"a")] * 101, 431),
        ([(b"x-anything", b"a" * 16_384)], 431),
    ],
)
def test_headers(headers, status):
    assert send({"headers": headers})[0] == status


def test_two_lengths_are_none():
    both = [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")]
    assert send({"method": "POST", "headers": both})[0] == 400


def test_several_parts_of_a_file_are_the_whole_file():
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope["headers"])
        await pages(scope, receive, send)

    send({"headers": [(b"range", b"bytes=0-1"), (b"x", b"1")]}, guarded(app=app))
    assert seen.pop(b"range") == b"bytes=0-1"
    send({"headers": [(b"range", b"bytes=0-1,5-9"), (b"x", b"2")]}, guarded(app=app))
    assert seen == {b"x": b"2"}


def test_every_response_has_the_headers():
    for scope in ({}, {"method": "PUT"}, {"headers": [(b"host", b"a/b")]}):
        _, headers = send(scope)
        for name, value in HEADERS.items():
            assert headers[name.lower()] == value
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers
    _, headers = send({}, guarded(GuardSettings(https=True)))
    assert headers["strict-transport-security"].startswith("max-age=")


def test_only_hosts_of_the_site():
    app = guarded(GuardSettings(hosts=frozenset({"localhost:8000"})))
    for host, status in ((b"LocalHost:8000", 200), (b"localhost", 400), (b"evil.example", 400)):
        assert send({"headers": [(b"host", host)]}, app)[0] == status
    assert send({}, app)[0] == 400


@pytest.mark.parametrize("trusted", [(), ("127.0.0.1",)])
def test_forwarded_addresses_are_believed_only_of_proxies_that_are_named(trusted):
    app = guarded(GuardSettings(proxies=TrustedProxies(trusted)))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))

    async def get():
        async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as client:
            return await client.get("/", headers={"X-Forwarded-For": "203.0.113.5"})

    assert asyncio.run(get()).text.split()[0] == ("203.0.113.5" if trusted else "127.0.0.1")


def test_other_protocols_are_closed():
    sent = []

    async def keep(message):
        sent.append(message)

    asyncio.run(guarded()({"type": "websocket"}, None, keep))
    assert sent == [{"type": "websocket.close", "code": 1008}]
