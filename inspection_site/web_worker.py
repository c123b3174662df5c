"""The worker of the web server: clients that say nothing keep nobody else waiting.

    gunicorn inspection_site.wsgi --worker-class inspection_site.web_worker.AttentiveWorker

gunicorn's threads wait five seconds each for a new connection's first byte, and its worker ends
when it is out of file descriptors: 150 silent connections held everybody up for a minute. Here a
connection gets a thread once the head of its request is there. Until then it costs a descriptor,
for `SILENCE_SECONDS` at most, and when those run short the one that has been quiet the longest
makes room for a new one. A laptop that falls asleep in the middle of an upload gives its thread
back, too. It speaks plain HTTP; TLS ends before it.
"""

import errno
import resource
import socket
import time
from functools import partial
from selectors import EVENT_READ

from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

SILENCE_SECONDS = 5
"""How long a connection may be open without a whole head of a request."""
LONGEST_HEAD = 65_536
"""Bytes after which a head is left to the parser, which refuses it."""
FILES_OF_THE_PROCESS, FILES_A_REQUEST = 16, 6
"""Descriptors that connections may not take: the server's own, and for each thread the database's
three, an upload, the doorbell and a photo."""
NO_DESCRIPTOR_LEFT = (errno.EMFILE, errno.ENFILE)
GONE = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class AttentiveWorker(ThreadWorker):
    """gunicorn's worker with threads, which attends to whoever speaks."""

    body_silence_seconds = 60
    """How long a request may stand still while it is read or answered; as nginx has it."""
    _is_out_of_descriptors = False

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection; where no descriptor is left for it, it waits in the queue."""
        try:
            client, address = listener.accept()
        except OSError as error:
            self._is_out_of_descriptors = error.errno in NO_DESCRIPTOR_LEFT
            if not self._is_out_of_descriptors and error.errno not in GONE:
                raise
            return
        self.nr_conns += 1
        self._listen_to(TConn(self.cfg, client, address, listener.getsockname()))

    def murder_pending(self) -> None:
        """Close who was silent for too long, and the quietest where there is no room for all.

        gunicorn calls this after each round of events, so that whoever has just spoken is heard.
        """
        super().murder_pending()
        while self.nr_conns > self._places() and self._close_the_quietest():
            pass
        if self._is_out_of_descriptors and not self._close_the_quietest():
            time.sleep(0.05)  # requests hold all descriptors; one of them ends soon
        self._is_out_of_descriptors = False

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Serve a request; where its client stands still, reading it fails as if it had ended."""
        conn.sock.settimeout(self.body_silence_seconds)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client stands still") from error

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Take the next request of a connection that was kept, once its head is there."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._listen_to(conn)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Give the request to a thread, or go on listening to its head."""
        if _wants_more_of_the_head(client):
            return
        super().on_pending_socket_readable(conn, client)

    def _listen_to(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + SILENCE_SECONDS
        self.pending_conns.append(conn)
        hear = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, EVENT_READ, hear)

    def _places(self) -> int:
        """Return how many connections may be open, one for each thread at least."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        threads, most = int(self.cfg.threads), int(self.worker_connections)
        left = limit - FILES_OF_THE_PROCESS - FILES_A_REQUEST * threads
        return max(threads, min(left, most - 1))

    def _close_the_quietest(self) -> bool:
        """Close who has been silent the longest; tell whether anybody was."""
        quiet = [conns for conns in (self.pending_conns, self.keepalived_conns) if conns]
        if not quiet:
            return False
        conn = min(quiet, key=lambda conns: conns[0].timeout).popleft()
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()
        return True


def _wants_more_of_the_head(client: socket.socket) -> bool:
    """Tell whether the head of a request has begun and not ended; if so, wake for more bytes."""
    try:
        head = client.recv(LONGEST_HEAD, socket.MSG_PEEK)
    except OSError:
        return False  # the thread meets the same error, and closes
    # Bytes that were only peeked at would wake the selector again and again: it waits for one more,
    # and where it wakes without one, the client has ended.
    has_ended = len(head) < client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)
    more = not has_ended and len(head) < LONGEST_HEAD and b"\r\n\r\n" not in head
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(head) + 1 if more else 1)
    return more
