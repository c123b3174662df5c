"""Pictures that have taught, known again when a copy would measure: a smaller one, a turned or
mirrored one, or one saved anew.

What they look like is kept by the SHA-256 of their files, which manifests name: the photo may be
deleted and its decision taken back, and no manifest changes after it was frozen.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from classifier import photo_files
from classifier.engine import HairlineMLError, TrainingCancelled, copies, trace, turned_traces
from classifier.manifests import Entry
from classifier.models import Photo, Picture

ShouldStop = Callable[[], bool]
Trace = TypeVar("Trace")


def never() -> bool:
    return False


def keep(entries: Iterable[Entry], should_stop: ShouldStop = never) -> None:
    """Keep what these pictures look like, as far as their photos are there to be read.

    Raises TrainingCancelled when asked to stop.
    """
    asked = {entry["sha256"]: entry for entry in entries}
    missing = asked.keys() - Picture.objects.kept(asked)
    wanted = [asked[digest] for digest in missing]
    Picture.objects.keep(dict(_of_photos(trace, wanted, should_stop)))


def known(
    measured: Iterable[Entry], taught: Iterable[Entry], should_stop: ShouldStop = never
) -> set[str]:
    """Return the SHA-256 of those that would measure and are, by file or by picture, among what
    has `taught`. Raises TrainingCancelled when asked to stop.
    """
    taught, measured = list(taught), list(measured)
    if not taught:
        return set()
    keep(taught, should_stop)
    files = {entry["sha256"] for entry in taught}
    same = {entry["sha256"] for entry in measured} & files
    unknown = [entry for entry in measured if entry["sha256"] not in same]
    seen = dict(_of_photos(turned_traces, unknown, should_stop))
    found = copies(list(seen.values()), Picture.objects.traces(files))
    digests = list(seen)
    return same | {digests[number] for number in found}


def _of_photos(
    read: Callable[[Path], Trace], entries: list[Entry], should_stop: ShouldStop
) -> Iterator[tuple[str, Trace]]:
    """Read the photos that are still there, each with the SHA-256 of its entry."""
    photos = Photo.objects.by_ids(entry["photo"] for entry in entries)
    for entry in entries:
        if should_stop():
            raise TrainingCancelled("Stopped while looking for pictures that have taught.")
        photo = photos.get(entry["photo"])
        if photo is None:
            continue
        try:
            yield entry["sha256"], read(photo_files.working(photo))
        except HairlineMLError:
            continue  # whoever opens it to learn from it or to measure tells which one it is
