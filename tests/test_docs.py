"""What the tutorial and the guides name is there: buttons, commands, settings."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCUMENTS = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
NO_BUTTON = {"What was missed?", "Mill Lane bridge (drawn)"}
"""What is bold for another reason, or has its place in the demo."""


def words_of_the_site() -> str:
    """Return all that pages may say: templates without their tags, and the code's strings."""
    templates = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    code = "".join(path.read_text() for path in (ROOT / "classifier").rglob("*.py"))
    plain = re.sub(r"{%.*?%}|{#.*?#}|<[^>]*>", "", templates)
    plural = re.sub(r"{{[^}]*\|pluralize *}}", "s", plain)
    return re.sub(r"{{.*?}}", "…", plural) + templates + code


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_button_that_a_document_names_is_on_a_page(document: Path) -> None:
    site = words_of_the_site()
    bold = re.findall(r"\*\*([^*]+)\*\*", re.sub(r"\s+", " ", document.read_text()))
    named = {part.strip(" .") for words in bold for part in words.split("→")} - NO_BUTTON
    missing = sorted(name for name in named if name and name not in site)
    assert not missing, f"{document.name} names what no page shows: {missing}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_command_of_manage_py_in_a_document_is_there(document: Path) -> None:
    named = set(re.findall(r"manage\.py (\w+)", document.read_text()))
    own = {path.stem for path in (ROOT / "classifier/management/commands").glob("[a-z]*.py")}
    assert named <= own | {"migrate", "changepassword", "createsuperuser", "collectstatic"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_command_of_dev_in_a_document_is_there(document: Path) -> None:
    named = set(re.findall(r"\./dev (\w+)", document.read_text()))
    offered = set(re.findall(r"^  \./dev (\w+)", (ROOT / "dev").read_text(), re.MULTILINE))
    assert named <= offered | {"bench"}


def test_every_setting_of_a_document_is_read_somewhere() -> None:
    where = ["inspection_site/settings.py", "docker-compose.yml", "dev", "tests/conftest.py"]
    known = "".join((ROOT / path).read_text() for path in where)
    named = {
        name for path in DOCUMENTS for name in re.findall(r"HAIRLINE_([A-Z_]+)\b", path.read_text())
    }
    missing = sorted(name for name in named if f'"{name}"' not in known and name not in known)
    assert not missing


def test_every_test_that_a_document_names_is_there() -> None:
    text = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text))
    missing = {pair for pair in named if f"def {pair[1]}(" not in (ROOT / pair[0]).read_text()}
    assert named
    assert not missing
