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


_COMMENT = re.compile(r"^\s*(//|/\*\*).*|\s// .*", re.MULTILINE)
_MARKED = re.compile(r"gettext\(\s*\"[^\"]*\",?\s*\)")
_SENTENCE = re.compile(r"\"[A-Z%][^\"]* [^\"]*\"|`[^`\n]*} [a-z][^`\n]*`|`[A-Z][a-z]+ [^`\n]*`")


def unmarked_in_script(script: str) -> list[str]:
    """Return the sentences that a script writes in English whatever language its page is in."""
    return _SENTENCE.findall(_MARKED.sub("", _COMMENT.sub("", script)))


@pytest.mark.parametrize(
    "script",
    ['told("The site is away.");', "text = `${n} of ${all} chosen`;", 'say("%s left out")'],
)
def test_an_unmarked_sentence_of_a_script_is_found(script: str) -> None:
    assert unmarked_in_script(script)


def test_every_sentence_of_every_script_is_marked() -> None:
    scripts = under("static", suffix=".js")
    found = [f"{path}: {said}" for path in scripts if (said := unmarked_in_script(read(path)))]
    assert sum("gettext(" in read(path) for path in scripts) == 4
    assert not found, complaint("Wrap it in gettext(…):", found)


def test_a_page_gives_words_to_the_scripts_that_say_something() -> None:
    """Before the script, which asks for them at once."""
    for path in under("static", suffix=".js"):
        if "gettext(" not in read(path) or path.name == "ledger.js":
            continue  # the ledger is a part of the upload
        for page in under("templates", suffix=".html"):
            before, found, _ = read(page).partition(f"js/{path.name}")
            assert not found or "{% url 'words' %}" in before, f"{page} gives {path.name} no words"
