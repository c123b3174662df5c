"""A whole site in a folder of its own: real valkey, worker, beat and web, started one by one.

    with LiveSite.in_folder(tmp_path) as site:
        session = site.sign_in()
        session.post(site.url("/structures/new/"), …)

The processes run with the released model unless `engine="stub"` is asked for.
"""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import psycopg
import requests

from inspection_site.processes import (
    Layout,
    beat_command,
    valkey_answers,
    valkey_command,
    web_command,
    worker_command,
)
from tests.migrated import migrate

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = re.compile(r"password (\S+)")


PATIENCE = 3
"""How many times as long as on an idle machine a test waits before it calls a thing missing."""


def wait_until(
    condition: Callable[[], bool], what: str, *, seconds: float, every: float = 0.1
) -> None:
    """Poll until `condition` holds; fail naming `what` after PATIENCE times the seconds."""
    deadline = time.monotonic() + PATIENCE * seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {PATIENCE * seconds:.0f} s still not: {what}")
        time.sleep(every)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Session(requests.Session):
    """A browser's cookies and form tokens for one person."""

    def __init__(self, site: "LiveSite") -> None:
        super().__init__()
        self.site = site
        self.trust_env = False

    def open(self, path: str) -> str:
        answer = self.get(self.site.url(path), timeout=30)
        answer.raise_for_status()
        return answer.text

    def submit(
        self,
        path: str,
        fields: dict[str, object] | None = None,
        *,
        photo: Path | None = None,
        json: bool = False,
    ) -> requests.Response:
        """POST a form with its token; redirects are followed as a browser would."""
        headers = {"X-CSRFToken": self.cookies.get("csrftoken", ""), "Referer": self.site.url("/")}
        if json:
            headers["Accept"] = "application/json"
        files = {"photo": (photo.name, photo.read_bytes())} if photo else None
        return self.post(
            self.site.url(path), data=fields or {}, files=files, headers=headers, timeout=60
        )

    def upload(self, photo_set: int, name: str, content: bytes) -> None:
        """Send one photo that has to be taken."""
        answer = self.post(
            self.site.url(f"/photo-sets/{photo_set}/photos/"),
            files={"photo": (name, content)},
            headers={"X-CSRFToken": self.cookies["csrftoken"], "Accept": "application/json"},
            timeout=60,
        )
        answer.raise_for_status()


class LiveSite:
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.layout = Layout.at(folder)
        self.layout.create()
        self.port = free_port()
        inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        self.environment = inherited | self.layout.environment() | environment
        self.environment.setdefault("DJANGO_SETTINGS_MODULE", "inspection_site.settings")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.password = ""
        self.code = ROOT

    @classmethod
    @contextmanager
    def in_folder(
        cls,
        folder: Path,
        *,
        engine: str = "keras",
        settings_module: str = "inspection_site.settings",
        code: Path = ROOT,
        workers: bool = True,
        **settings: object,
    ) -> Iterator["LiveSite"]:
        """Start everything; `settings` become HAIRLINE_ variables. Ends every process it began.

        `code` is the folder whose code runs. Without `workers` nothing happens but what is asked.
        """
        variables = {f"HAIRLINE_{name.upper()}": str(value) for name, value in settings.items()}
        variables |= {"HAIRLINE_ENGINE": engine, "DJANGO_SETTINGS_MODULE": settings_module}
        site = cls(folder, variables)
        site.code = code
        try:
            site.start_valkey()
            migrate(site)
            found = PASSWORD.search(site.manage("prepare"))
            site.password = found[1] if found else ""
            if workers:
                site.start_worker()
                site.start_beat()
            site.start_web()
            yield site
        finally:
            for name in reversed(list(site.processes)):
                site.kill(name)

    # --- processes ---
    def start(self, name: str, command: list[str]) -> None:
        with (self.layout.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.code,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start_valkey(self) -> None:
        self.start("valkey", valkey_command(self.layout))
        wait_until(lambda: valkey_answers(self.layout), "valkey answers", seconds=60)

    def start_worker(self, name: str = "classify") -> None:
        """Start a worker of the classify queue; another one needs a name of its own."""
        self.start(name, worker_command("classify"))

    def start_trainer(self) -> None:
        self.start("train", worker_command("train"))

    def start_beat(self) -> None:
        self.start("beat", beat_command(schedule=self.layout.beat_schedule))

    def start_web(self) -> None:
        self.start("web", web_command(bind=f"127.0.0.1:{self.port}"))
        wait_until(self.is_healthy, "the web server answers", seconds=120)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Signal a process and its children; after SIGKILL wait for its end."""
        process = self.processes[name]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if number == signal.SIGKILL:
            process.wait()
            del self.processes[name]

    def revive(self) -> None:
        """Start again what has ended by itself, as the supervisor does in production."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                self.start(name, [str(word) for word in cast("list[str]", process.args)])

    def children(self, name: str) -> list[int]:
        pid = self.processes[name].pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def log(self, name: str) -> str:
        return (self.layout.logs / f"{name}.log").read_text(errors="replace")

    def manage(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=self.code,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def make_person(self, name: str, role: str) -> None:
        """Give a person who signs in with the admin's password this role and no other."""
        self.manage(
            "shell",
            "--verbosity",
            "0",
            "--command",
            "from django.contrib.auth.models import Group; from classifier.models import User; "
            f"person, _ = User.objects.get_or_create(username={name!r}); "
            f"person.set_password({self.password!r}) if not person.password else None; "
            f"person.save(); person.groups.set(Group.objects.filter(name={role!r}))",
        )

    # --- over HTTP ---
    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def is_healthy(self) -> bool:
        with requests.Session() as plain:
            plain.trust_env = False
            try:
                return plain.get(self.url("/readyz"), timeout=2).status_code == 200
            except requests.RequestException:
                return False

    def sign_in(self) -> Session:
        session = Session(self)
        session.open("/sign-in/")
        answer = session.submit("/sign-in/", {"username": "admin", "password": self.password})
        assert answer.url == self.url("/"), "the first admin could not sign in"
        return session

    def new_photo_set(self, session: Session, name: str = "Test bridge") -> int:
        """Register a structure, an inspection and a photo set by their forms."""
        session.submit("/structures/new/", {"name": name, "kind": "bridge", "elements": "deck"})
        structure = self.value("SELECT max(id) FROM classifier_structure")
        return self.new_visit(session, structure)

    def new_visit(self, session: Session, structure: int) -> int:
        """Register an inspection of a structure and a photo set in it."""
        session.submit(
            f"/structures/{structure}/inspections/new/", {"title": "Visit", "date": "2026-05-01"}
        )
        inspection = self.value("SELECT max(id) FROM classifier_inspection")
        session.submit(f"/inspections/{inspection}/upload/", {"notes": ""})
        return self.value("SELECT max(id) FROM classifier_photoset")

    # --- its database, read from outside ---
    def rows(self, query: str) -> list[tuple[object, ...]]:
        address = self.environment.get("HAIRLINE_DATABASE_URL")
        if address:
            with psycopg.connect(address) as postgres:
                return postgres.execute(query.encode()).fetchall()
        connection = sqlite3.connect(f"file:{self.layout.data}/db.sqlite3?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def value(self, query: str) -> int:
        found = self.rows(query)[0][0]
        assert isinstance(found, int), f"{query} gave {found!r}"
        return found

    def photos_in(self, state: str) -> int:
        return self.value(f"SELECT count(*) FROM classifier_photo WHERE state = '{state}'")

    def wait_for_run(self, *, seconds: float) -> None:
        """Wait until the newest training run has ended well, and the trial of its candidate has."""
        newest = "SELECT state, message FROM classifier_trainingrun ORDER BY id DESC LIMIT 1"
        wait_until(
            lambda: self.rows(newest)[0][0] not in ("queued", "running"),
            "the training run ends",
            seconds=seconds,
        )
        assert self.rows(newest) == [("succeeded", "")]
        on_trial = "SELECT count(*) FROM classifier_rescoring WHERE state = 'running'"
        wait_until(lambda: self.value(on_trial) == 0, "the trial ends", seconds=seconds)

    def wait_for_classified(self, count: int, *, seconds: float) -> None:
        wait_until(
            lambda: self.photos_in("classified") >= count,
            f"{count} photos classified",
            seconds=seconds,
        )
