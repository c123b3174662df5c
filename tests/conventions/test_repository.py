"""What may be committed, and what has to be."""

import hashlib
import re
import tomllib
from pathlib import Path

from tests.conventions.source import ROOT, complaint, files, read, text_files

IMAGES = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".tif", ".tiff", ".gif"}
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|deb\.debian\.org"
    r"|--(extra-)?index-url|\"resolved\":"
)
SOMEONES_FOLDER = re.compile(r"(?<![\w.~/$}-])/(home|Users|root|work|mnt)/\w")
VENDOR = Path("static/vendor")
# What makes the vendored folder, as against what was copied into it.
MAKES_VENDOR = {"README.md", "SHA256SUMS", "package.json", "package-lock.json", "update.sh"}


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number} {line.strip()[:100]}"
        for path, text in [*text_files(), *((p, read(p)) for p in files() if is_recipe(p))]
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def is_recipe(path: Path) -> bool:
    return path.parent == VENDOR and path.name in MAKES_VENDOR


def test_no_file_names_a_package_registry() -> None:
    found = lines_matching(REGISTRY)
    why = "Whoever installs chooses the registry (a mirror, a firm's own); no file fixes one:"
    assert not found, complaint(why, found)


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = lines_matching(SOMEONES_FOLDER)
    assert not found, complaint("This path exists on somebody's machine only:", found)


def test_no_large_image_is_committed() -> None:
    large = [
        f"{path}: {size} bytes"
        for path in files()
        if path.suffix.lower() in IMAGES and (size := (ROOT / path).stat().st_size) > 500_000
    ]
    why = "Photos belong to their owners, and a clone has to stay quick (500 kB an image):"
    assert not large, complaint(why, large)


def test_no_file_is_larger_than_8_megabytes() -> None:
    large = [str(path) for path in files() if (ROOT / path).stat().st_size > 8 * 1024**2]
    assert not large, complaint("Git keeps every version of a large file for ever:", large)


def test_the_vendored_files_are_the_published_ones() -> None:
    sums = [line.split(maxsplit=1) for line in read(VENDOR / "SHA256SUMS").splitlines()]
    listed = {name: digest for digest, name in sums}
    present = {
        str(path.relative_to(VENDOR)): hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        for path in files()
        if path.is_relative_to(VENDOR) and not is_recipe(path)
    }
    assert present == listed, "A vendored file was edited, or was not listed: run update.sh there."


def test_the_lock_has_hashes_and_no_addresses() -> None:
    packages = re.split(r"\n(?=\w)", read(Path("requirements.lock")).strip())
    bare = [text.split()[0] for text in packages if "--hash=sha256:" not in text or "://" in text]
    assert not bare, complaint("Without a hash a registry can serve something else:", bare)


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads(read(Path("pyproject.toml")))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=; ]", requirement, maxsplit=1)[0] for requirement in wanted}
    locked = set(re.findall(r"^([\w.-]+)==", read(Path("requirements.lock")), re.MULTILINE))
    assert names <= locked, complaint("Run ./dev lock for:", sorted(names - locked))


def test_the_readme_names_both_commands() -> None:
    readme = read(Path("README.md"))
    missing = [command for command in ("./dev run", "./dev test") if command not in readme]
    assert not missing, complaint(
        "A newcomer reads the README and nothing else; it lacks:", missing
    )


def test_every_link_of_a_document_leads_to_a_file() -> None:
    broken = [
        f"{path}: {target}"
        for path in files()
        if path.suffix == ".md" and not path.is_relative_to("static/vendor")
        for target in re.findall(r"\]\(([^)#\s]+)", read(path))
        if "://" not in target and not (ROOT / path.parent / target).exists()
    ]
    assert not broken, complaint("A reader who follows the link finds nothing:", broken)


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    assert "\n## [Unreleased]\n" in read(Path("CHANGELOG.md")), "Each change brings its own line."


def test_ci_runs_what_the_readme_says() -> None:
    assert "exec ./dev test" in read(Path(".ci/run")), "CI and people have to run the same command."
