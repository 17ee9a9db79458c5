"""Forms, their fields and their origin."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from bachbot.serving.forms import FORM_MEDIA_TYPE, check_origin, parse_count, parse_form
from bachbot.serving.refusal import RequestRefused


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"a=%C3%A9+%2B", {"a": "é +"}),
        (b"a=%F0%9F%8E%B5", {"a": "🎵"}),
    ],
)
def test_a_form(body, fields):
    assert parse_form(f"{FORM_MEDIA_TYPE}; charset=utf-8".upper(), body) == fields


@pytest.mark.parametrize(
    "body",
    [
        b"a", b"a=1&a=2", b"a=%ff", b"a=%ed%a0%80", b"\xff=1", b"a=%00", b"%00=1", b"&&", b"a=1;b",
        b"&".join(b"a%d=" % n for n in range(17)),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_read(body):
    if body == b"a=1;b":
        assert parse_form(FORM_MEDIA_TYPE, body) == {"a": "1;b"}
        return
    with pytest.raises(RequestRefused) as caught:
        parse_form(FORM_MEDIA_TYPE, body)
    assert caught.value.status == 400


@given(st.binary(max_size=200))
def test_no_form_raises_anything_else(body):
    with contextlib.suppress(RequestRefused):
        fields = parse_form(FORM_MEDIA_TYPE, body)
        assert all("\x00" not in text for pair in fields.items() for text in pair)


@given(st.text(max_size=30) | st.integers().map(str))
def test_counts(text):
    found = parse_count(text)
    assert found is None or (text.isascii() and 0 <= found == int(text) < 10**6)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1e3", "٣", "²", " 1", "1_0", "9" * 5000])
def test_what_is_not_a_count(text):
    assert parse_count(text) is None


def origin(public=None, **headers):
    """The status with which a form is refused; 200 if it is not."""
    pairs = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
    request = Request({"type": "http", "headers": [(b"host", b"a.example"), *pairs]})
    try:
        check_origin(request, public)
    except RequestRefused as refused:
        return refused.status
    return 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "null"}, 200),
        ({"origin": "http://a.example"}, 200),
        ({"origin": "http://A.example"}, 200),
        ({"origin": "http://b.example"}, 403),
        ({"origin": "http://a.example:81"}, 403),
        ({"origin": "http://a.example.b.example"}, 403),
        ({"sec_fetch_site": "same-origin", "origin": "null"}, 200),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "rubbish"}, 403),
        *(
            ({"origin": broken}, 400)
            for broken in (
                "http://[", "http://[::1", "http://a.example:99999", "http://a.example:x", "//", "",
                "http://", "javascript:alert(1)", "http://u@a.example", "http://a.example/path",
                "\xff\xfe", "http://a.example:" + "9" * 5000, "http://\u00b2",
            )
        ),
    ],
)  # fmt: skip
def test_origins(headers, status):
    found = origin(**headers)
    assert found == status or (headers.get("origin") == "http://\u00b2" and found == 403)


def test_a_broken_origin_is_refused_whatever_the_browser_says():
    assert origin(sec_fetch_site="same-origin", origin="http://[") == 400


def test_the_public_address_counts():
    assert origin("public.example", origin="https://public.example") == 200
    assert origin("public.example", origin="https://a.example") == 403
