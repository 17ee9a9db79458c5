"""The last response of a connection comes after what the client had already sent."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse

from bachbot.serving import refusal
from bachbot.serving.refusal import end_request


def exchange(messages, *headers):
    """What happened, in order: the sizes that were read, then the status that was sent."""
    events = []

    async def receive():
        try:
            message = next(messages)
        except StopIteration:
            await asyncio.Event().wait()  # nothing else ever arrives
        events.append(len(message.get("body", b"")))
        return message

    async def send(message):
        if message["type"] == "http.response.start":
            events.append(message["status"])
            assert (b"connection", b"close") in message["headers"]

    scope = {"type": "http", "method": "POST", "headers": list(headers)}
    asyncio.run(end_request(PlainTextResponse("No.", status_code=429), scope, receive, send))
    return events


def part(size, more):
    return {"type": "http.request", "body": bytes(size), "more_body": more}


def length(value):
    return (b"content-length", value)


def test_a_body_is_read_before_the_response():
    assert exchange(iter([part(10, True), part(5, False)]), length(b"15")) == [10, 5, 429]


@pytest.mark.parametrize("messages", [[], [part(3, True)]], ids=["none", "a part"])
def test_a_body_that_does_not_come_is_not_waited_for(messages, monkeypatch):
    monkeypatch.setattr(refusal, "_READING_SECONDS", 0.01)
    assert exchange(iter(messages), length(b"5"))[-1] == 429


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [length(b"65537")],
        [length(b"9" * 5000)],
        [length(b"x")],
        [length(b"3"), length(b"4")],
        [length(b"3"), (b"transfer-encoding", b"chunked")],
        # It waits to be told to send its body.
        [length(b"3"), (b"expect", b"100-continue")],
    ],
)
def test_a_long_or_unclear_body_is_not_read(headers):
    assert exchange(iter([part(3, False)]), *headers) == [429]


def test_a_client_that_left_is_no_fault():
    assert exchange(iter([{"type": "http.disconnect"}]), length(b"1")) == [0, 429]
