import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bachbot.report.figures import BACH, drawing, inlined
from bachbot.report.page import page
from bachbot.report.reporting import Chapter
from bachbot.report.section import Section
from bachbot.tables.run_tables import times_table

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """What a page holds, and whether it is well nested."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.ids, self.open, self.words = [], [], [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "srcset", "action", "data"):
                self.links.append(value)
            if name == "id":
                self.ids.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def report(whole_report):
    """With a section that could not be measured."""
    section = Section("broken", "Broken", lambda bench, advance: None, lambda results, request: [])
    error = "no music satisfies <this>: ask for less"
    broken = Chapter(section, {}, dict.fromkeys(("small", "ahead"), error))
    return replace(whole_report, chapters=(*whole_report.chapters, broken))


@pytest.fixture(scope="module")
def html(report):
    return page(report)


@pytest.mark.slow
def test_the_page_is_self_contained(html):
    found = Page(html)
    assert found.links
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in found.links)
    assert not {"script", "link", "iframe", "object", "img"} & set(found.tags)
    assert "@import" not in html
    assert all(name.startswith("#") for name in re.findall(r"url\(([^)]*)\)", html))


@pytest.mark.slow
def test_every_link_inside_the_page_leads_somewhere(html):
    found = Page(html)
    assert len(found.ids) == len(set(found.ids))
    inside = {link[1:] for link in found.links if link.startswith("#")}
    inside |= set(re.findall(r"url\(#([^)]*)\)", html))
    assert inside <= set(found.ids)


@pytest.mark.slow
def test_every_figure_is_in_the_page_and_in_its_color(html, report):
    found = Page(html)
    # Two of losses; two checkpoints each have rates, style, roll; a curve and the dropout.
    assert found.tags.count("svg") == found.tags.count("figure") == 2 + 2 + 2 + 2 + 2
    assert BACH not in html
    assert "currentColor" in html


@pytest.mark.slow
def test_every_section_and_every_error_is_in_the_page(html, report):
    words = " ".join(Page(html).words)
    for chapter in report.chapters:
        assert chapter.section.title in words
    assert words.count("no music satisfies <this>: ask for less") == 2
    assert "ahead has no metrics.jsonl" in words
    assert "Where the time went" in words
    assert report.about["machine"]["processor"] in words
    nats = report.chapters[0].results["small"]["tasks"]["ATB|S"]["test"]["nats_per_frame"]
    assert f"{nats:.3f}" in words


@pytest.mark.slow
def test_every_table_is_rectangular_and_names_a_command(html):
    commands = re.findall(r"Printed by <code>bachbot evaluate (\w+)", html)
    assert set(commands) == {"losses", "harmonization", "basses", "partwriting", "music", "style",
                             "novelty"}  # fmt: skip
    tables = re.findall(r"<table>.*?</table>", html, flags=re.DOTALL)
    # All but the tables of times and of penalties can be printed.
    assert len(tables) == len(commands) + 2
    for table in tables:
        head, body = table.split("<tbody>")
        columns = head.count('<th scope="col"')
        for row in body.split("<tr")[1:]:
            wanted = 1 if "colspan" in row else columns
            assert row.count("<th ") + row.count("<td") == wanted


@pytest.mark.slow
def test_drawings_share_no_id_and_are_reproducible():
    def draw(name):
        with drawing(name, 1.0) as drawn:
            drawn.axes[0].plot([0, 1], [1, 0], "o-", label="x", color=BACH)
            drawn.axes[0].legend()
        return drawn.svg

    one, two = draw("one"), draw("two")
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert draw("one") == one
    assert one.startswith("<svg ")
    assert "<metadata" not in one
    assert "width=" not in one[: one.index(">")]


@pytest.mark.slow
def test_an_inlined_svg_keeps_its_links():
    svg = (
        '<?xml version="1.0"?>\n<svg width="5pt" viewBox="0 0 5 5" version="1.1">'
        '<g id="a"><use xlink:href="#a"/><path clip-path="url(#a)"/></g></svg>\n'
    )
    found = inlined(svg, "n")
    assert found.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert 'viewBox="0 0 5 5"' in found
    assert '<g id="n-a"><use xlink:href="#n-a"/><path clip-path="url(#n-a)"/></g>' in found


@pytest.mark.slow
def test_times_are_added_up_separately():
    def row(what, seconds, cached):
        return {"what": what, "of": None, "seconds": seconds, "processor": 1.0, "cached": cached}

    rows = [row("a", 2.0, False), row("b", 3.0, False), row("c", 4.0, True)]
    table = times_table({"seconds": 5.5, "rows": rows})
    assert [cell.text for cell in table.rows[-2]] == ["measured now", "", "5.0", "2.0", ""]
    assert [cell.text for cell in table.rows[-1]][2] == "4.0"
    assert "This run took 5.5 s" in table.notes[0]
