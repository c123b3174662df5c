"""`./dev bench report`: how long the PDF of 300 photos takes, each of which has to be shown.

All photos are copies of one drawn photo of twelve megapixels, with its evidence and an outline.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.speed.pages import machine, start_django

SIZE = (4000, 3000)


def prepare(count: int) -> int:
    """Fill the database with one inspection of `count` flagged photos; return its report."""
    from classifier import photo_files, printing
    from classifier.models import ModelVersion, Photo, PhotoSet, Prediction
    from tests.speed import crowd

    admin = crowd.fill(count, structures=2)
    inspection = PhotoSet.objects.all()[0].inspection
    PhotoSet.objects.update(inspection=inspection)
    Prediction.objects.update(verdict="flagged", score=0.9)
    Photo.objects.update(decision=None, latitude=47.1, longitude=8.2)
    version = ModelVersion.objects.get().pk
    photos = list(Photo.objects.classified())
    _draw(photo_files.derived(photos[0]), stem=photo_files.evidence_stem(version))
    for photo in photos[1:]:
        folder = photo_files.derived(photo)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(photo_files.derived(photos[0]), target_is_directory=True)
    return printing.request_report(inspection, "A4", by=admin).pk


def _draw(folder: Path, *, stem: str) -> None:
    from classifier import images
    from ml_training.synthetic import draw_photo

    folder.mkdir(parents=True)
    drawn = draw_photo(seed=1, cracked=True, width=SIZE[0], height=SIZE[1])
    drawn.image.save(folder / "drawn.jpg", quality=92)
    images.write_working_images(folder / "drawn.jpg", folder)
    cells = bytes(min(255, (x * 7 + y * 5) % 300) for y in range(96) for x in range(128))
    images.write_evidence(cells, 128, 96, folder=folder, stem=stem)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench report")
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--most-seconds", type=float, default=60)
    parser.add_argument("--out", type=Path, help="keep the PDF here")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        start_django(Path(name))
        from classifier import printing
        from classifier.models import Report

        report = Report.objects.get(pk=prepare(chosen.photos))
        began = time.perf_counter()
        assert printing.write(report.pk, claimant="bench"), "the report was not written"
        seconds = time.perf_counter() - began
        report.refresh_from_db()
        file = printing.file_of(report)
        if chosen.out:
            chosen.out.write_bytes(file.read_bytes())
        size = file.stat().st_size / 1e6
    sys.stdout.write(f"{machine()}\n{report.total} photos: {seconds:.1f} s, {size:.1f} MB\n")
    sys.exit(0 if seconds <= chosen.most_seconds else 1)


if __name__ == "__main__":
    main()
