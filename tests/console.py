"""A management console that stays open: commands take milliseconds, not manage.py's seconds."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.live_site import ROOT

LOOP = """
import contextlib, io, json, sys, traceback
import django
django.setup()
from django.core.management import call_command
from django.db import connections
for line in sys.stdin:
    words, code = io.StringIO(), 0
    try:
        with contextlib.redirect_stdout(words):
            call_command(*json.loads(line), stdout=words)
    except SystemExit as end:
        code = end.code
    except Exception:
        code = traceback.format_exc()
    connections.close_all()
    print(json.dumps([code, words.getvalue()]), flush=True)
"""


class Console:
    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOOP],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str) -> str:
        """Run a management command; AssertionError with its words where it fails."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        code, words = json.loads(self.process.stdout.readline())
        assert code == 0, f"{words}{code}"
        return str(words)

    def script(self, text: str) -> str:
        """Run Python in the shell of the site; return what it printed."""
        return self.run("shell", "--no-imports", "-c", text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self.process.communicate(timeout=20)
