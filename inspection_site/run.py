"""`./dev run`: the whole site on one machine, started and stopped in order.

    python -m inspection_site.run [--demo] [--port N] [--host H]

valkey starts first, then the database is brought up to date, then the workers, then the web server.
One Ctrl-C (or SIGTERM) stops them the other way round: no new request comes in, the photo in hand
is finished, and valkey goes last with its queue on disk.
"""

import argparse
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from inspection_site.processes import Layout, ProcessError, valkey_answers
from inspection_site.supervision import Supervisor, last_lines

ROOT = Path(__file__).resolve().parent.parent
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # what to ask where the server listens on all
SECONDS_TO_START = 120  # of the slowest process, on a busy machine
STOPPED = {"web": "web stopped", "workers": "workers finished", "valkey": "valkey stopped"}


@dataclass(frozen=True)
class Options:
    demo: bool
    port: int
    host: str

    @property
    def bind(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable_host(self) -> str:
        return EVERY_ADDRESS.get(self.host, self.host)

    @property
    def address(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'localhost' if self.host in EVERY_ADDRESS else name}:{self.port}/"


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    os.umask(0o077)
    _raise_on_signals()
    try:
        layout = Layout.at(Path(os.environ.get("HAIRLINE_DATA") or ROOT / "var"))
        layout.create()
        with only_instance(layout, options.address):
            refuse_busy_port(options)
            refuse_leftover_valkey(layout)
            serve(layout, options)
    except ProcessError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def read_options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="./dev run", description="Run the whole site.")
    parser.add_argument("--demo", action="store_true", help="fill an empty site with drawn photos")
    parser.add_argument("--port", type=_port, default=8000, metavar="N", help="default 8000")
    parser.add_argument("--host", default="127.0.0.1", help="default 127.0.0.1: this machine only")
    return Options(**vars(parser.parse_args(arguments)))


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


# === Refusals ===
@contextmanager
def only_instance(layout: Layout, address: str) -> Iterator[None]:
    """Hold the data folder's lock. ProcessError names the running instance's address."""
    # Opened for appending: the file must keep the other instance's address if the lock is taken.
    with (layout.run / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ProcessError(
                f"Hairline already runs on {layout.data}: {file.read().strip()}. Stop it first, or "
                f"give this one a folder of its own: HAIRLINE_DATA=… ./dev run"
            ) from None
        file.truncate(0)
        file.write(f"{address} (process {os.getpid()})\n")
        file.flush()
        yield


def refuse_busy_port(options: Options) -> None:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError as error:
            raise ProcessError(
                f"Port {options.port} on {options.host} cannot be used: {error.strerror}. "
                f"Choose another: ./dev run --port {_another_port(options.port)}"
            ) from error


def _another_port(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8080


def refuse_leftover_valkey(layout: Layout) -> None:
    # Two servers on one append-only file start happily, and each overwrites what the other keeps.
    if valkey_answers(layout):
        raise ProcessError(
            f"A valkey server of an earlier start still runs on {layout.valkey}, or is just "
            f"stopping. Wait a minute and try again; if it stays, end the process that holds "
            f"{layout.valkey_socket}."
        )


# === From start to stop ===
def serve(layout: Layout, options: Options) -> None:
    """Start everything, say where it is, and stop everything in order when told to."""
    environment = os.environ | layout.environment() | hosts(options)
    supervisor = Supervisor(layout, bind=options.bind)
    try:
        _say("Starting Hairline …")
        supervisor.launch(environment)
        supervisor.start("valkey")
        _wait_for(lambda: valkey_answers(layout), "valkey", supervisor, layout)
        prepare(layout, environment)
        supervisor.start("workers")
        supervisor.start("web")
        _wait_for(lambda: healthy(options), "web", supervisor, layout)
        _say(welcome(layout, options))
        if options.demo:  # photo by photo, while the first ones are already there to look at
            _manage(layout, environment, "draw_demo")
        _watch(supervisor, layout)
    except KeyboardInterrupt:
        pass
    finally:
        _stop(supervisor, layout)


def hosts(options: Options) -> dict[str, str]:
    """Let the site answer to the host it was started for, unless its owner has said to which."""
    if "HAIRLINE_ALLOWED_HOSTS" in os.environ:
        return {}
    own = [socket.gethostname(), socket.getfqdn()] if options.host in EVERY_ADDRESS else []
    names = ["localhost", "127.0.0.1", "[::1]", *own]
    if options.host not in (*EVERY_ADDRESS, *names):
        names.append(f"[{options.host}]" if ":" in options.host else options.host)
    return {"HAIRLINE_ALLOWED_HOSTS": ",".join(dict.fromkeys(names))}


def prepare(layout: Layout, environment: dict[str, str]) -> None:
    """Bring database, model and first account up to date; they say themselves what was done."""
    _manage(layout, environment, "migrate", "--noinput", "--verbosity", "0")
    _manage(layout, environment, "prepare")


def _manage(layout: Layout, environment: dict[str, str], *command: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command],
        env=environment | {"PYTHONUNBUFFERED": "1"},  # each line when it is true
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        log = layout.logs / f"{command[0]}.log"
        log.write_text(done.stderr)
        cause = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ProcessError(f"`manage.py {command[0]}` failed: {cause}\nMore in {log}")


def healthy(options: Options) -> bool:
    # Not urllib: a proxy set for this machine would be asked for its own loopback address.
    connection = http.client.HTTPConnection(options.reachable_host, options.port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _wait_for(ready: Callable[[], bool], name: str, supervisor: Supervisor, layout: Layout) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while not ready():
        failing = supervisor.in_trouble(for_good=False)
        if failing or time.monotonic() > end:
            raise ProcessError(_did_not_start(failing[0] if failing else name, layout))
        time.sleep(0.2)


def _did_not_start(name: str, layout: Layout) -> str:
    return f"{name} did not start. {last_lines(layout.logs / f'{name}.log')}"


def welcome(layout: Layout, options: Options) -> str:
    return (
        f"\nHairline is ready: {options.address}\n"
        f"  Sign in   with your account (a forgotten password: ./dev manage changepassword NAME)\n"
        f"  Data      {layout.data}\n"
        f"  Logs      {layout.logs}\n"
        f"  Stop      Ctrl-C, once; the photo being classified is finished first"
    )


def _watch(supervisor: Supervisor, layout: Layout) -> None:
    told: set[str] = set()
    while supervisor.alive:
        for name in set(supervisor.in_trouble(for_good=True)) - told:
            told.add(name)
            _say(f"{name} keeps failing and is off. {last_lines(layout.logs / f'{name}.log')}")
        time.sleep(2)
    supervisor.stop_orphans()
    raise ProcessError(f"supervisord has ended; see {layout.logs / 'supervisord.log'}.")


def _stop(supervisor: Supervisor, layout: Layout) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _say("Still finishing the photo in hand …"))
    if supervisor.alive:
        _say("\nStopping; the photo in hand is finished first …")
        for group in reversed(supervisor.started):
            supervisor.stop(group)
            _say(f"  {STOPPED[group]}")
    supervisor.shut_down()
    _say(f"Hairline has stopped. Everything is kept in {layout.data}")


def _raise_on_signals() -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    # INT too: a shell that starts a job in the background sets it to be ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
