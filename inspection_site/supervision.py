"""Supervisor's part in `./dev run`: its configuration, and the few orders given to it.

supervisord restarts what dies, rotates the logs, and waits for a stopping process. The order of
starting and stopping is given by `run.py`, group by group; the priorities below say the same once
more for the case that supervisord itself is told to stop.
"""

import ctypes
import http.client
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from inspection_site.processes import (
    CLASSIFY_SECONDS_TO_FINISH,
    Layout,
    ProcessError,
    beat_command,
    valkey_command,
    web_command,
    worker_command,
)

GROUPS = ("valkey", "workers", "web")  # in the order of their start


@dataclass(frozen=True)
class Program:
    """One supervised process. `stop_seconds` later it is killed."""

    name: str
    group: str
    command: Sequence[str]
    stop_seconds: int
    stop_signal: str = "TERM"


def programs(layout: Layout, *, bind: str) -> tuple[Program, ...]:
    """Return the processes of the site, in the order of their start."""
    return (
        Program("valkey", "valkey", valkey_command(layout), stop_seconds=30),
        # TERM is Celery's warm stop: the photo in hand is finished, however long it takes.
        Program("classify", "workers", worker_command("classify"), CLASSIFY_SECONDS_TO_FINISH),
        # QUIT is its soft stop: a training lasts hours, so after a grace it goes back to the queue.
        Program("train", "workers", worker_command("train"), stop_seconds=60, stop_signal="QUIT"),
        Program("maint", "workers", beat_command(schedule=layout.beat_schedule), stop_seconds=30),
        Program("web", "web", web_command(bind=bind), stop_seconds=40),
    )


def configuration(layout: Layout, supervised: Sequence[Program]) -> str:
    """Return the text of supervisord's configuration file."""
    sections = (_section(layout, program) for program in supervised)
    return "\n".join([_header(layout), *_groups(supervised), *sections])


def _header(layout: Layout) -> str:
    account = "user=root" if os.getuid() == 0 else ""  # else it warns that nobody chose root
    return f"""\
[supervisord]
nodaemon=true
silent=true
logfile={_value(layout.logs / "supervisord.log")}
logfile_maxbytes=5MB
logfile_backups=2
pidfile={_value(layout.run / "supervisord.pid")}
childlogdir={_value(layout.logs)}
umask=077
{account}

[unix_http_server]
file={_value(layout.supervisor_socket)}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


def _groups(supervised: Sequence[Program]) -> Iterator[str]:
    for rank, group in enumerate(GROUPS, start=1):
        members = ",".join(p.name for p in supervised if p.group == group)
        # A later group has the higher priority, and supervisord stops the highest first.
        yield f"[group:{group}]\nprograms={members}\npriority={rank}00\n"


def _section(layout: Layout, program: Program) -> str:
    return f"""\
[program:{program.name}]
command={_value(shlex.join(program.command))}
autostart=false
autorestart=true
startsecs=1
startretries=10
stopsignal={program.stop_signal}
stopwaitsecs={program.stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile={_value(layout.logs / f"{program.name}.log")}
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=3
"""


def _value(text: object) -> str:
    words = str(text)
    if " ;" in words or " #" in words:
        raise ProcessError(
            f"The data folder's path has a space before ';' or '#', where supervisor's "
            f"configuration starts a comment: {words}. Name another folder in HAIRLINE_DATA."
        )
    return words.replace("%", "%%")


class Supervisor:
    """A running supervisord and the orders given to it."""

    def __init__(self, layout: Layout, *, bind: str) -> None:
        self._layout = layout
        self._programs = programs(layout, bind=bind)
        self._process: subprocess.Popen[bytes] | None = None
        self._pids: dict[str, int] = {}
        self.started: list[str] = []  # groups, in the order of their start

    def launch(self, environment: dict[str, str]) -> None:
        """Start supervisord, idle. ProcessError when it does not answer within ten seconds."""
        file = self._layout.run / "supervisord.conf"
        file.write_text(configuration(self._layout, self._programs))
        with (self._layout.logs / "supervisord.err").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(file)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # Ctrl-C reaches the runner alone, which stops in order
                preexec_fn=_stop_when_the_runner_dies,
            )
        self._wait_until_it_answers(errors.name)

    def _wait_until_it_answers(self, errors: str) -> None:
        for _ in range(100):
            if not self.alive:
                break
            try:
                self._call("getState")
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
            else:
                return
        raise ProcessError(f"supervisord did not start; see {errors}.")

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, group: str) -> None:
        """Start a group; `in_trouble` tells when one of its processes does not stay up."""
        self.started.append(group)
        self._call("startProcessGroup", group, False)

    def stop(self, group: str) -> None:
        """Stop a group and return when its processes have ended."""
        self._call("stopProcessGroup", group, True)

    def in_trouble(self, *, for_good: bool) -> list[str]:
        """Return the names of processes that died soon after their start.

        `for_good` leaves out those that supervisord is still going to start again.
        """
        processes = self._call("getAllProcessInfo")
        self._pids = {p["name"]: p["pid"] for p in processes if p["pid"]}
        states = {"FATAL"} if for_good else {"FATAL", "BACKOFF"}
        return [p["name"] for p in processes if p["statename"] in states]

    def stop_orphans(self) -> None:
        """Stop, in order, what ran under a supervisord that has itself been killed."""
        for program in reversed(self._programs):
            pid = self._pids.get(program.name)
            if pid and _signalled(pid, signal.Signals[f"SIG{program.stop_signal}"]):
                end = time.monotonic() + program.stop_seconds
                while _signalled(pid, 0) and time.monotonic() < end:
                    time.sleep(0.1)

    def shut_down(self) -> None:
        """End supervisord, and whatever still runs under it."""
        if self._process is not None and self.alive:
            self._process.terminate()
            self._process.wait()

    def _call(self, method: str, *arguments: object) -> Any:
        # One connection for each order: the previous one may have been cut off by a signal.
        transport = SupervisorTransport(None, None, f"unix://{self._layout.supervisor_socket}")
        try:
            with ServerProxy("http://127.0.0.1", transport=transport) as server:
                return getattr(server.supervisor, method)(*arguments)
        except Fault as fault:
            raise ProcessError(f"supervisord refused {method}: {fault.faultString}") from fault


def _signalled(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def last_lines(log: Path) -> str:
    """Return a sentence with the end of a log, for the person who has to find the cause."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
    except OSError:
        lines = []
    return "\n  ".join([f"The last lines of {log}:", *(lines or ["(nothing)"])])


def _stop_when_the_runner_dies() -> None:
    # Even `kill -9` of the runner then ends in an orderly stop. Only Linux has this order.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG
