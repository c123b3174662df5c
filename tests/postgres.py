"""A PostgreSQL cluster of the tests' own: made in a temporary folder, gone afterwards.

`python -m tests.postgres COMMAND…` runs a command with a cluster that HAIRLINE_DATABASE_URL names.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.live_site import free_port

SETTINGS = {"listen_addresses": "127.0.0.1", "max_connections": "60", "log_min_messages": "fatal"}


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl; Debian keeps them off PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def unprivileged() -> dict[str, Any]:
    """How root starts a process that refuses to be root's; nothing for everybody else."""
    if os.getuid():
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Postgres:
    def __init__(self, folder: Path, bin_folder: Path, **settings: str) -> None:
        self.folder, self.bin, self.port = folder, bin_folder, free_port()
        self.data = folder / "cluster"
        if not os.getuid():
            os.chown(folder, unprivileged()["user"], unprivileged()["group"])
        self._run("initdb", "--auth=trust", "--username=hairline", "--encoding=UTF8", "--no-sync")
        wanted = SETTINGS | {"port": str(self.port), "unix_socket_directories": str(folder)}
        lines = [f"{name} = '{value}'\n" for name, value in (wanted | settings).items()]
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(lines)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.bin / program, *arguments, "--pgdata", self.data],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            **unprivileged(),
        )

    def start(self) -> None:
        self._run("pg_ctl", "start", "--wait", "--log", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast` ends its connections in order, `immediate` as a crash would."""
        self._run("pg_ctl", "stop", "--wait", "--mode", mode)

    def signal(self, number: signal.Signals) -> None:
        """Signal the server and all its processes, as to freeze it."""
        server = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for pid in (server, *map(int, children)):
            os.kill(pid, number)

    def url(self, database: str = "hairline") -> str:
        return f"postgres://hairline@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database and return its address for HAIRLINE_DATABASE_URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def rows(self, database: str, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(database)) as connection:
            return connection.execute(query.encode()).fetchall()


@contextmanager
def cluster(bin_folder: Path, **settings: str) -> Iterator[Postgres]:
    # Not below pytest's folder: that one is closed to the account that runs the server.
    with tempfile.TemporaryDirectory(prefix="hairline-pg-") as name:
        server = Postgres(Path(name), bin_folder, **settings)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


def main() -> int:
    folder = binaries()
    if folder is None:
        sys.exit("No PostgreSQL. Install it with: apt-get install postgresql")
    with cluster(folder, fsync="off") as server:
        environment = os.environ | {"HAIRLINE_DATABASE_URL": server.url("postgres")}
        environment.pop("DJANGO_SETTINGS_MODULE", None)  # which importing the site has set
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
