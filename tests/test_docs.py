"""What the documents say is so."""

import re
from pathlib import Path

import pytest

from scripts import docs, space

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_readme_tables_are_fresh():
    text = docs.README.read_text(encoding="utf-8")
    assert docs.written(text) == text


def test_readme_has_the_two_commands():
    text = docs.README.read_text(encoding="utf-8")
    assert "make run" in text and "make test" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_named_files_exist(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(
        r"`((?:docs|core|demos|tests|train|benchmarks|scripts|weights)/[\w./-]+)`", text
    )
    linked = re.findall(r"\]\(((?!https?:)[\w./-]+)\)", text)
    for name in named + linked:
        if not any(mark in name for mark in ("your_tab", "family", "name.py", "NAME", "KIND")):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_space_settings_agree():
    assert space.problems() == []


def test_space_check_notices_a_difference(tmp_path):
    for name in ("Spacefile", "README.md", "requirements.txt", "app.py"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    spacefile = tmp_path / "Spacefile"
    spacefile.write_text(
        spacefile.read_text(encoding="utf-8").replace("sdk_version: 6", "sdk_version: 5"),
        encoding="utf-8",
    )
    found = " ".join(space.problems(tmp_path))
    assert "front matter differs" in found and "gradio is" in found


def test_space_rejects_unknown_settings(tmp_path):
    text = (ROOT / "Spacefile").read_text(encoding="utf-8")
    (tmp_path / "Spacefile").write_text(text + "colour: red\n", encoding="utf-8")
    with pytest.raises(ValueError, match="colour"):
        space.spacefile(tmp_path)


def test_deployment_leaves_development_out():
    files = space.tracked_files()
    assert {"app.py", "requirements.txt", "README.md"} <= set(files)
    assert not [name for name in files if name.startswith(("tests/", "docs/", ".ci/"))]
