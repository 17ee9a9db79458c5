"""Clips as browsers ask for them."""

import pytest


@pytest.fixture(params=["sqlite"])
def database(request, tmp_path):
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def ask(site):
    listener = site.listener()
    listener.begin()
    name, file = next(iter(site.stimuli.clips.items()))
    content = file.path.read_bytes()

    def asking(method="GET", **headers):
        response = listener.browser.request(method, f"/clips/{name}", headers=headers)
        return response, content

    return asking


def test_a_whole_clip(ask):
    response, content = ask()
    assert response.status_code == 200
    assert response.content == content
    assert response.headers["content-type"] == "audio/wav"
    assert response.headers["accept-ranges"] == "bytes"


def test_head_request(ask):
    response, content = ask("HEAD")
    assert response.status_code == 200
    assert response.content == b""
    assert int(response.headers["content-length"]) == len(content)


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-1", 0, 2), ("bytes=0-", 0, None), ("bytes=9-99", 9, 100), ("bytes=-44", -44, None)],
)
def test_a_range(ask, wanted, start, end):
    response, content = ask(Range=wanted)
    part = content[start:end]
    assert response.status_code == 206
    assert response.content == part
    assert int(response.headers["content-length"]) == len(part)
    assert response.headers["content-range"].endswith(f"/{len(content)}")


def test_a_range_past_the_end(ask):
    response, content = ask(Range="bytes=99999999-")
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize("wanted", ["bytes=a-b", "bytes=5-1", "bytes="])
def test_an_invalid_range(ask, wanted):
    assert ask(Range=wanted)[0].status_code in (400, 416)


def test_headers_do_not_reveal_when_a_clip_was_made(site):
    listener = site.listener()
    listener.begin()
    seen = []
    for name in site.stimuli.clips:
        headers = dict(listener.get(f"/clips/{name}").headers)
        assert headers.pop("etag") == f'"{name}"'
        seen.append(tuple(sorted(headers.items())))
    assert len(set(seen)) == 1
