"""The page of the API runs from top to bottom, and leaves out no function and no command."""

import pydoc
import re
from pathlib import Path

import pytest

import bachbot

PAGE = Path(__file__).parent.parent / "bachbot" / "API.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FUNCTIONS = sorted(
    name
    for name in bachbot.__all__
    if name[0].islower() and callable(getattr(bachbot, name)) and not name.startswith("_")
)


@pytest.mark.slow
def test_every_example_runs(tmp_path, monkeypatch, capsys):
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) == text.count("```python")
    names = {"__name__": "__main__"}
    for block in blocks:
        # Lines are counted as in the page, so that a failure names its own.
        lines = "\n" * (text[: block.start(1)].count("\n"))
        exec(compile(lines + block[1], str(PAGE), "exec"), names)
    said = capsys.readouterr().out
    assert "Evening G major 4/4 84.0" in said
    assert "parallel" in said
    assert "no-such-file.musicxml" in said
    # The tune is that of the file in whatever was made of it by its voices.
    tune = names["tune"].chorale.pitch[:, 0]
    for made in ("result", "given", "again", "bars", "masked", "one"):
        assert (names[made].score.chorale.pitch[:, 0] == tune).all(), made
    bass = names["result"].score.chorale.pitch[:, 3]
    assert (names["again"].score.chorale.pitch[:32, 3] == bass[:32]).all()
    assert (names["masked"].score.chorale.pitch[:16, 3] == bass[:16]).all()
    written = re.findall(r'"([\w-]+\.(?:musicxml|pdf|mid|svg|png))"', text)
    assert len(written) > 8
    for name in written:
        assert name == "no-such-file.musicxml" or Path(name).stat().st_size > 100, name
    assert len(list(Path("practice").iterdir())) == 9 + 4
    assert [path.name for path in Path("harmonized").glob("*.musicxml")] == ["evening.musicxml"]


def test_every_function_and_every_command_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    missing = [n for n in FUNCTIONS if not re.search(rf"\b(bachbot|engine)\.{n}\(|\b{n}\(", text)]
    assert not missing
    for job in ["harmonize", "diff", "realize", "bach", "render", "mood", "slideshow"]:
        assert f"bachbot {job}" in text or f"{job}(" in text


def test_help_lists_every_function_by_job_in_a_line_each():
    said = bachbot.__doc__
    listed = re.findall(r"^    (\w+)  +\S.{10,}$", said, re.MULTILINE)
    assert sorted(listed) == FUNCTIONS
    text = pydoc.plain(pydoc.render_doc(bachbot))
    for name in set(bachbot.__all__) - {"__version__"}:
        assert re.search(rf"\b{name}\b", text), name
    for name in FUNCTIONS:
        assert getattr(bachbot, name).__doc__.strip(), name
