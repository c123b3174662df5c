"""Pictures that have taught, known again when a smaller copy, or one saved anew, would measure.

What they look like is kept by the SHA-256 of their files, which manifests name: the photo may be
deleted and its decision taken back, and no manifest changes after it was frozen.
"""

from collections.abc import Callable, Iterable, Iterator

from classifier import photo_files
from classifier.engine import HairlineMLError, TrainingCancelled, copies, trace
from classifier.manifests import Entry
from classifier.models import Photo, Picture

ShouldStop = Callable[[], bool]


def never() -> bool:
    return False


def keep(entries: Iterable[Entry], should_stop: ShouldStop = never) -> None:
    """Keep what these pictures look like, as far as their photos are there to be read.

    Raises TrainingCancelled when asked to stop.
    """
    asked = {entry["sha256"]: entry for entry in entries}
    missing = asked.keys() - Picture.objects.kept(asked)
    Picture.objects.keep(dict(_traces((asked[digest] for digest in missing), should_stop)))


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
    seen = dict(_traces((e for e in measured if e["sha256"] not in same), should_stop))
    found = copies(list(seen.values()), Picture.objects.traces(files))
    digests = list(seen)
    return same | {digests[number] for number in found}


def _traces(entries: Iterable[Entry], should_stop: ShouldStop) -> Iterator[tuple[str, bytes]]:
    entries = list(entries)
    photos = Photo.objects.by_ids(entry["photo"] for entry in entries)
    for entry in entries:
        if should_stop():
            raise TrainingCancelled("Stopped while looking for pictures that have taught.")
        photo = photos.get(entry["photo"])
        if photo is None:
            continue
        try:
            yield entry["sha256"], trace(photo_files.working(photo))
        except HairlineMLError:
            continue  # whoever opens it to learn from it or to measure tells which one it is
