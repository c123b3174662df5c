"""S20: what `./dev audit` makes of pip-audit's answer."""

from typing import Any

import pytest

from tests.security.audit import CLEAN, NOT_RUN, WEAK, verdict

PILLOW: dict[str, Any] = {"name": "pillow", "version": "9.0", "vulns": []}
KNOWN = {"id": "CVE-2026-1", "fix_versions": ["12.3"]}
SKIPPED = {"name": "keras", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([PILLOW], CLEAN, "No known weakness in 1 packages."),
        ([{**PILLOW, "vulns": [KNOWN]}, SKIPPED], WEAK, "pillow 9.0: CVE-2026-1 (mended in 12.3)"),
        ([PILLOW, SKIPPED], NOT_RUN, "Not run: 1 of 2 packages"),
        ([], NOT_RUN, "Not run"),
    ],
)
def test_an_audit_that_skipped_packages_is_none(
    packages: list[dict[str, Any]], code: int, words: str
) -> None:
    given, sentences = verdict({"dependencies": packages})
    assert given == code
    assert words in sentences[0]
