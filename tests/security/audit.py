"""`./dev audit`: known weaknesses of the locked packages (S20), by pip-audit.

    python -m tests.security.audit REPORT       what pip-audit wrote as JSON

Where its database does not know a package, pip-audit skips it and calls the whole clean; here an
audit that skipped anything is not one.
"""

import json
import sys
from pathlib import Path
from typing import Any

CLEAN, WEAK, NOT_RUN = 0, 1, 75


def verdict(report: dict[str, Any]) -> tuple[int, list[str]]:
    """Return the exit code and what to tell."""
    packages = report["dependencies"]
    weak = [
        f"{package['name']} {package['version']}: {known['id']}"
        f" (mended in {', '.join(known['fix_versions']) or 'no release yet'})"
        for package in packages
        for known in package.get("vulns", [])
    ]
    skipped = sum("skip_reason" in package for package in packages)
    if weak:
        return WEAK, weak
    if skipped or not packages:
        return NOT_RUN, [f"Not run: {skipped} of {len(packages)} packages could not be looked up."]
    return CLEAN, [f"No known weakness in {len(packages)} packages."]


def main() -> int:
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    code, sentences = verdict(json.loads(text or '{"dependencies": []}'))
    sys.stdout.write("\n".join(sentences) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
