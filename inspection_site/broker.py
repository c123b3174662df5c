"""What a broker that freezes for a moment must not do to a worker.

kombu counts a message that it could not acknowledge as one in hand for ever. A worker that takes
one message at a time would then never take another: it lives, and waits.
"""

from collections.abc import Callable
from typing import Any

from kombu.transport import redis


class ForgivingQoS(redis.QoS):
    """Lets go of a message whether or not the broker heard of it; if not, it comes once more."""

    def ack(self, *args: Any) -> None:
        self._let_go(super().ack, *args)

    def reject(self, *args: Any, **kwargs: Any) -> None:
        self._let_go(super().reject, *args, **kwargs)

    def _let_go(self, tell: Callable[..., None], delivery_tag: str, **kwargs: Any) -> None:
        try:
            tell(delivery_tag, **kwargs)
        except Exception:
            self._quick_ack(delivery_tag)
            raise


def forgive() -> None:
    """Let every connection to the broker that is opened from now on be so."""
    redis.Channel.QoS = ForgivingQoS
