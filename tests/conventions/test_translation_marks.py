"""Every word of a template is marked for translation."""

import html
import re

import pytest

from tests.conventions.source import complaint, read, under

ONLY_PARTS = "templates/patterns.html"
"""Shows every part of the pages with invented texts, for those who build them."""

NAMES = {"Hairline", "SHA", "CSV", "dark", "workbench", "page", "sign", "in"}
"""What no language changes, and the classes of a page that stand in blocks."""

_NOT_SAID = re.compile(
    r"{#.*?#}"
    r"|{% blocktranslate.*?{% endblocktranslate %}"
    r"|<(script|style|code|kbd)\b.*?</\1>",
    re.DOTALL,
)
_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_GIVEN = re.compile(
    r"\b(?:heading|text|label\d?|here|word|noun|verb|of|note)=\"([^\"]+)\"|(?<!icon\|)default:\"([^\"]+)\""
)
_ATTRIBUTE = re.compile(r"\b(?:aria-label|data-label|placeholder|title|alt)=\"([^\"]*)\"")
_ELEMENT = re.compile(r"<[^>]*>", re.DOTALL)


def unmarked(template: str) -> set[str]:
    """Return the words that a page says in English whatever language it is in."""
    text = _NOT_SAID.sub(" ", template)
    given = [one or other for one, other in _GIVEN.findall(" ".join(_TAG.findall(text)))]
    bare = _TAG.sub(" ", text)
    said = " ".join([*given, *_ATTRIBUTE.findall(bare), _ELEMENT.sub(" ", bare)])
    return set(re.findall(r"[A-Za-z’]{2,}", html.unescape(said))) - NAMES


@pytest.mark.parametrize(
    "template",
    [
        "<p>Nobody decided.</p>",
        '<nav aria-label="Main"></nav>',
        '{% include "a.html" with text="None yet" only %}',
        '{{ photo.camera|default:"Not recorded" }}',
        "<b>{{ count }} photo{{ count|pluralize }}</b>",
    ],
)
def test_an_unmarked_word_is_found(template: str) -> None:
    assert unmarked(template)


def test_every_word_of_every_template_is_marked() -> None:
    pages = [path for path in under("templates", suffix=".html") if str(path) != ONLY_PARTS]
    found = [f"{path}: {sorted(words)}" for path in pages if (words := unmarked(read(path)))]
    assert len(pages) > 60
    assert not found, complaint("Wrap it in {% translate %} or {% blocktranslate %}:", found)
