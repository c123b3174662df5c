"""What a row of the bad-input table is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PIL import Image

Answer = Literal["accepted", "unreadable", "any", 400, 413, 415, 422]


@dataclass(frozen=True)
class BadInput:
    """One file as it may arrive. `expected`: accepted and classified, stored but unreadable, or the
    status of a refusal (400 is the site's own: the request is wrong before any byte is looked at);
    `any` of them where it is the codec's to say.
    `says` stands in the sentence to a person, `notice` in what is noted on an accepted photo;
    `shown` is the display name where it differs. An accepted photo has to look like `looks_like`,
    within a mean difference of `tolerance` (0–255) in each channel.
    """

    id: str
    what: str
    build: Callable[[], bytes]
    filename: str
    expected: Answer
    says: str = ""
    shown: str = ""
    notice: str = ""
    looks_like: Callable[[], Image.Image] | None = None
    tolerance: float = 8.0

    def __str__(self) -> str:
        return self.id
