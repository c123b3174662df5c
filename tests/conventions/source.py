"""The repository as the convention tests read it: its files, functions and comments."""

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("classifier", "inspection_site", "ml_training")
TEXT = {".cfg", ".conf", ".css", ".html", ".js", ".json", ".lock", ".md", ".py", ".sh", ".svg"}
TEXT |= {".toml", ".txt", ".yml", ".yaml", ""}


@dataclass(frozen=True)
class Function:
    """One function: where it is, and its lines without decorators and docstring."""

    place: str
    lines: int
    node: ast.FunctionDef | ast.AsyncFunctionDef


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is, or is about to be, committed; relative to the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {Path(name) for name in listed.split("\0") if name}
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


def under(*folders: str, suffix: str) -> tuple[Path, ...]:
    """Return the files below the folders whose name ends in `suffix`; never vendored ones."""
    return tuple(
        path
        for path in files()
        if path.parts[0] in folders and path.name.endswith(suffix) and "vendor" not in path.parts
    )


def python_files(*folders: str) -> tuple[Path, ...]:
    """Return the Python files below the folders, less the migrations, which Django writes."""
    return tuple(p for p in under(*folders, suffix=".py") if "migrations" not in p.parts)


def text_files() -> Iterator[tuple[Path, str]]:
    for path in files():
        if path.suffix in TEXT and "vendor" not in path.parts:
            yield path, read(path)


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(read(path), filename=str(path))


def functions(*folders: str) -> Iterator[Function]:
    """Yield every function and method of the Python files below the folders."""
    for path in python_files(*folders):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(f"{path}:{node.lineno} {node.name}", _lines(node), node)


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = node.body[0] if ast.get_docstring(node) is not None else None
    spent = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - spent


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line number and text of every comment."""
    for token in tokenize.generate_tokens(io.StringIO(read(path)).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def complaint(why: str, found: list[str]) -> str:
    """Return a failure's message: the reason of the rule, then each place that breaks it."""
    return "\n".join([why, *(f"  {place}" for place in found)])
