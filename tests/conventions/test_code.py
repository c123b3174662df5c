"""Habits of the code that no tool checks by itself."""

import ast
import re
from collections.abc import Iterator

from tests.conventions.source import (
    PRODUCT,
    Function,
    comments,
    complaint,
    functions,
    python_files,
    tree,
)

NOQA = re.compile(r"#\s*noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*\s+\S+")
TYPE_IGNORE = re.compile(r"#\s*type: ignore\[[\w-]+(, ?[\w-]+)*\]\s+#\s*\S+")


def unexplained() -> Iterator[str]:
    for path in python_files(*PRODUCT, "tests"):
        for number, text in comments(path):
            silenced = re.match(r"#\s*(noqa|type:\s*ignore)", text)
            if silenced and not (NOQA.match(text) or TYPE_IGNORE.match(text)):
                yield f"{path}:{number} {text}"


def test_every_silenced_warning_names_its_code_and_its_reason() -> None:
    why = "A bare noqa or type: ignore hides the next mistake too. Give the code and the reason:"
    found = list(unexplained())
    assert not found, complaint(why, found)


def positional_booleans(function: Function) -> Iterator[str]:
    arguments = [*function.node.args.posonlyargs, *function.node.args.args]
    defaults = function.node.args.defaults
    values = [None] * (len(arguments) - len(defaults)) + list(defaults)
    for argument, value in zip(arguments, values, strict=True):
        annotated = isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bool"
        if annotated or (isinstance(value, ast.Constant) and isinstance(value.value, bool)):
            yield f"{function.place}({argument.arg})"


def test_booleans_are_passed_by_keyword() -> None:
    found = [name for f in functions(*PRODUCT) for name in positional_booleans(f)]
    assert not found, complaint("f(True) is a riddle at the call; put a * before:", found)


def test_views_and_tasks_ask_in_domain_names() -> None:
    outer = ("classifier/views/", "classifier/api/", "classifier/tasks", "classifier/templatetags/")
    found = [
        f"{path}:{node.lineno} .{node.func.attr}("
        for path in python_files("classifier")
        if str(path).startswith(outer)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in {"filter", "exclude", "raw", "extra"}
    ]
    why = "A query is a rule: name it on the model's queryset, where it is tested once:"
    assert not found, complaint(why, found)


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "helpers", "services", "managers", "common", "misc", "util", "helper"}
    found = [str(path) for path in python_files(*PRODUCT) if path.stem in drawers]
    assert not found, complaint(
        "A module is named for what people do; this name says nothing:", found
    )
