"""Headers, content policy and accessibility of all pages."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from site_made import TOKEN, field_of

import bachbot.listening.site
from bachbot.serving.headers import HEADERS

STATIC = Path(bachbot.listening.site.__file__).parent / "static"


@pytest.fixture(params=["sqlite"])
def database(request, tmp_path):
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def visited(site):
    """One response of each kind, by what it is."""
    listener = site.listener()
    found = {"consent": listener.arrive(), "consent again": listener.post("/consent")}
    listener.agree()
    found["about"] = listener.get("/about")
    found["about again"] = listener.post("/about")
    found["to the first"] = listener.post("/about", age="26-45", experience="expert")
    found["trial"] = listener.look(1)
    found["trial again"] = listener.post(
        "/trial/1", **fields(found["trial"]) | {"heard_left": "0" * 50}
    )
    for position in range(1, 11):
        listener.answer(position)
    found["thanks"] = listener.get("/thanks")
    found["not there"] = listener.get("/nowhere")
    found["not so"] = listener.browser.request("DELETE", "/")
    found["refused"] = site.browser().post("/about")
    found["login"] = listener.get("/admin")
    found["login again"] = listener.post("/admin", token="a guess")
    listener.post("/admin", token=TOKEN)
    found["counts"] = listener.get("/admin")
    found["counts data"] = listener.get("/admin/counts")
    found["clip"] = listener.get(f"/clips/{next(iter(site.stimuli.clips))}")
    found["style"] = listener.get("/static/site.css")
    found["script"] = listener.get("/static/trial.js")
    found["too often"] = next(
        r for r in (listener.post("/about") for _ in range(100)) if r.status_code == 429
    )
    return found


def fields(page):
    names = ("trial", "plays_left", "plays_right", "heard_left", "heard_right")
    return {name: field_of(page, name) for name in names} | {"chosen": "left"}


def html(found):
    return {
        what: response.text
        for what, response in found.items()
        if response.headers.get("content-type", "").startswith("text/html")
    }


@pytest.mark.slow
def test_the_headers_are_on_every_response(visited):
    assert len({r.status_code for r in visited.values()}) >= 7
    for what, response in visited.items():
        for header, value in HEADERS.items():
            assert response.headers[header] == value, what
        assert (
            "set-cookie" not in response.headers or "no-store" in response.headers["cache-control"]
        ), what
        assert "server" not in response.headers
        assert "strict-transport-security" not in response.headers


@pytest.mark.slow
def test_pages_are_not_cached_and_files_are(visited):
    for what, response in visited.items():
        cache = response.headers["cache-control"]
        if what in ("style", "script"):
            assert cache == "public, max-age=31536000, immutable"
        elif what == "clip":
            assert cache == "private, max-age=86400"
        else:
            assert cache == "no-store", what


def test_the_content_security_policy_allows_only_this_site():
    policy = dict(
        part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}


@pytest.mark.slow
def test_nothing_is_loaded_from_other_sites(visited):
    for what, text in html(visited).items():
        for address in re.findall(r'(?:src|href|action|srcset|poster)="([^"]*)"', text):
            assert re.match(r"/[a-z]|/$|#main$", address), (what, address)
        assert "://" not in text, what
        assert not re.search(r"<style|<script>|\sstyle=|\son[a-z]+=|javascript:", text), what
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"://|@import|url\(", text), path


class Outline(HTMLParser):
    """The structure that a screen reader uses."""

    void = frozenset(("meta", "link", "input", "br", "source"))

    def __init__(self, text):
        super().__init__()
        self.stack, self.headings, self.controls, self.ids = [], [], [], []
        self.language, self.title, self.named, self.referred = None, "", set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in self.void:
            self.stack.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "html":
            self.language = given.get("lang")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "label" and "for" in given:
            self.named.add(given["for"])
        for attribute in ("aria-labelledby", "aria-describedby", "for"):
            self.referred += given.get(attribute, "").split()
        if tag in ("input", "audio", "progress") and given.get("type") != "hidden":
            self.controls.append((tag, given, "label" in self.stack))

    def handle_endtag(self, tag):
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if self.stack and self.stack[-1] == "title":
            self.title += data


@pytest.mark.slow
def test_pages_are_accessible_to_screen_readers(visited):
    titles = {}
    for what, text in html(visited).items():
        page = Outline(text)
        assert page.stack == [], what
        assert page.language == "en", what
        assert page.headings[0] == 1, what
        assert page.headings.count(1) == 1, what
        assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False)), what
        assert len(page.ids) == len(set(page.ids)), what
        assert set(page.referred) <= set(page.ids), what
        for tag, given, inside in page.controls:
            named = inside or given.get("id") in page.named or "aria-labelledby" in given
            assert named, (what, tag, given)
        assert '<a class="skip" href="#main">' in text
        assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
        titles[what] = page.title
    assert titles["trial"].startswith("Pair 1 of 10")
    assert titles["trial again"].startswith("Not yet: Pair 1 of 10")


@pytest.mark.slow
def test_problems_are_announced(visited):
    for what in ("consent again", "about again", "trial again"):
        assert visited[what].status_code == 422
        assert 'role="alert"' in visited[what].text
    assert '<span id="status" role="status">' in visited["trial"].text


def colors(scheme):
    style = (STATIC / "site.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(blocks) == 2
    assert style.index("prefers-color-scheme: dark") < style.index(blocks[1])
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", b)) for b in blocks)
    return light if scheme == "light" else light | dark


def luminance(color):
    """Relative luminance (WCAG 2.2, definitions)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_ratios():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(scheme):
    found = colors(scheme)
    pairs = [
        *((ink, on) for ink in ("ink", "soft", "accent") for on in ("paper", "card")),
        ("good", "card"), ("ink", "chosen"), ("on-accent", "accent"),
        ("problem", "problem-card"),
    ]  # fmt: skip
    for ink, on in pairs:
        assert contrast(found[ink], found[on]) >= 4.5, (ink, on)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_and_bars_have_enough_contrast(scheme):
    found = colors(scheme)
    for edge, on in [("line", "card"), ("line", "paper"), ("accent", "faint"), ("good", "faint")]:
        assert contrast(found[edge], found[on]) >= 3, (edge, on)


def test_all_colors_are_variables():
    style = (STATIC / "site.css").read_text(encoding="utf-8")
    outside = re.sub(r":root \{.*?\}", "", style, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", outside)


def test_motion_respects_the_preference_for_less():
    style = (STATIC / "site.css").read_text(encoding="utf-8")
    moving = style.index("transition")
    assert style.rindex("@media", 0, moving) == style.index(
        "@media (prefers-reduced-motion: no-preference)"
    )
    assert "animation" not in style


def test_controls_are_large_enough_to_touch():
    style = (STATIC / "site.css").read_text(encoding="utf-8")
    for rule in (r"button, \.button", r"\.choice", r'input\[type="password"\]'):
        assert re.search(rf"{rule} \{{[^}}]*min-height: 3rem", style), rule
