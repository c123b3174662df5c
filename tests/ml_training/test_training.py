import itertools
from dataclasses import replace
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import numpy as np
import pytest

from ml_training import runs
from ml_training.caching import CachedPhotos, in_memory
from ml_training.contracts import Progress, TooFewPhotos, TrainingCancelled, TrainingError
from ml_training.dataset import Example
from ml_training.runs import Phase, Run, load_run
from ml_training.sampling import Batch, CropSampler, Sampling
from tests.ml_training.conftest import draw_wall

pytestmark = pytest.mark.keras
RUN = Run("tiny", phases=(Phase(6, sides=(64,), learning_rate=1e-3),), batch_pixels=8 * 64 * 64)


def photos(count: int, *, side: int = 96) -> CachedPhotos:
    drawn = []
    for i in range(count):
        name, cracked = Path(f"{i}.jpg"), i % 2 == 0
        example = Example(
            name, cracked, "crack" if cracked else "clear", f"g{i}", "s", "train", None
        )
        drawn.append(
            (example, np.asarray(draw_wall(i, cracked=cracked, width=side, height=side)), None)
        )
    return in_memory(drawn)


def sampler(count: int = 8, run: Run = RUN) -> CropSampler:
    return CropSampler(
        photos(count), sampling=run.sampling, augmentation=run.augmentation, seed=run.seed
    )


def train(
    run: Run,
    crops: CropSampler,
    *,
    checkpoint: Path | None = None,
    listing: str = "",
    stop_after: int = 999,
    held_out: Batch | None = None,
) -> Any:
    import keras

    from ml_training.architecture import Architecture, build
    from ml_training.training import Trainer

    keras.utils.set_random_seed(0)
    network = build(Architecture(kind="small"))
    asked = itertools.count(1)
    Trainer(network, run, checkpoint=checkpoint, photos=listing, held_out=held_out).train(
        crops,
        on_progress=lambda _: None,
        should_stop=lambda: next(asked) > stop_after,
    )
    return network


def test_the_network_can_learn_sixteen_photos_by_heart() -> None:
    import keras

    from ml_training.architecture import Architecture, build
    from ml_training.augmentation import Augmentation
    from ml_training.backbone import PRETRAINED
    from ml_training.training import Trainer

    plain = Augmentation(*[0] * 10)
    run = Run(
        "heart",
        augmentation=plain,
        sampling=Sampling(scales=(1, 1), smallest_share=1.0, mosaic=0),
        phases=(Phase(30, sides=(64,), learning_rate=2e-3),),
        batch_pixels=16 * 64 * 64,
        averaging=0.5,
    )
    network = build(
        Architecture(frozen_until="block4_add"), backbone=keras.models.load_model(PRETRAINED)
    )
    learned = photos(16, side=64)
    crops = CropSampler(learned, sampling=run.sampling, augmentation=plain, seed=1)
    Trainer(network, run).train(crops, on_progress=lambda _: None, should_stop=lambda: False)
    pixels = np.stack([learned.pixels(i) for i in range(16)]).astype(np.float32)
    strongest = np.asarray(network(pixels)).max(axis=(1, 2, 3))
    assert strongest[0::2].min() > strongest[1::2].max()


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    first, again = (sampler().batch(step=3, side=64, count=6) for _ in range(2))
    assert np.array_equal(first.images, again.images)
    assert not np.array_equal(first.images, sampler().batch(step=4, side=64, count=6).images)


def test_half_of_a_batch_shows_cracks_and_drawn_ones_have_cells() -> None:
    batch: Batch = sampler().batch(step=0, side=64, count=40)
    assert batch.labels.mean() >= 0.5
    assert batch.cells.shape == (40, 4, 4)
    assert not batch.cells[batch.labels == 0].any()


def test_nobody_knows_the_cells_of_a_cracked_photo_without_a_mask() -> None:
    plain = CropSampler(
        photos(2), sampling=Sampling(mosaic=0), augmentation=RUN.augmentation, seed=0
    )
    batch = plain.batch(step=0, side=64, count=8)
    assert not batch.cell_weights[::2].any()


def test_one_kind_of_photos_is_too_few() -> None:
    cracked = photos(2).examples[:1]
    alone = in_memory([(cracked[0], np.zeros((96, 96, 3), np.uint8), None)])
    with pytest.raises(TooFewPhotos, match="there is no clear one"):
        CropSampler(alone, sampling=RUN.sampling, augmentation=RUN.augmentation, seed=0)


def test_a_stopped_training_goes_on_and_ends_as_if_never_stopped(tmp_path: Path) -> None:
    whole = train(RUN, sampler())
    with pytest.raises(TrainingCancelled):
        train(RUN, sampler(), checkpoint=tmp_path / "run.npz", stop_after=3)
    resumed = train(RUN, sampler(), checkpoint=tmp_path / "run.npz")
    for one, two in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.allclose(one, two, atol=1e-5)


def test_a_training_stopped_after_mining_goes_on_with_what_was_mined(tmp_path: Path) -> None:
    mined = Phase(6, sides=(64,), learning_rate=1e-2, mine_hard=True)
    run, file = replace(RUN, phases=(mined, replace(mined, mine_hard=False))), tmp_path / "run.npz"
    whole = sampler(24)
    train(run, whole)
    with pytest.raises(TrainingCancelled):
        train(run, sampler(24), checkpoint=file, stop_after=4)
    resumed = sampler(24)
    train(run, resumed, checkpoint=file)
    assert np.array_equal(resumed.hard, whole.hard)


def test_the_learning_curve_survives_a_stop_and_follows_held_out_crops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml_training.training import Trainer

    monkeypatch.setattr("ml_training.training.STEPS_BETWEEN_CHECKS", 2)
    held_out = sampler(4).batch(step=0, side=64, count=4)
    with pytest.raises(TrainingCancelled):
        train(RUN, sampler(), checkpoint=tmp_path / "c.npz", stop_after=2, held_out=held_out)
    network = train(RUN, sampler(), checkpoint=tmp_path / "c.npz", held_out=held_out)
    history = Trainer(network, RUN, checkpoint=tmp_path / "c.npz").history
    assert [point.step for point in history] == [2, 4, 6]
    assert all(np.isfinite(point.held_out_loss) for point in history)


def test_a_blend_lies_between_the_ends_of_two_phases(tmp_path: Path) -> None:
    one = replace(RUN, phases=RUN.phases * 2)
    last, kept = train(one, sampler()), train(replace(one, blend=(1, 1.0)), sampler())
    mixed = train(replace(one, blend=(1, 0.25)), sampler(), checkpoint=tmp_path / "run.npz")
    for end, middle, got in zip(*(n.get_weights() for n in (last, kept, mixed)), strict=True):
        assert np.allclose(got, 0.75 * end + 0.25 * middle, atol=1e-5)


def test_a_blend_with_the_start_survives_a_stop(tmp_path: Path) -> None:
    run, file = replace(RUN, blend=(0, 0.25)), tmp_path / "run.npz"
    end, start = train(RUN, sampler()), train(replace(RUN, blend=(0, 1.0)), sampler())
    with pytest.raises(TrainingCancelled):
        train(run, sampler(), checkpoint=file, stop_after=3)
    mixed = train(run, sampler(), checkpoint=file)
    moved = 0.0
    for last, first, got in zip(*(n.get_weights() for n in (end, start, mixed)), strict=True):
        assert np.allclose(got, 0.75 * last + 0.25 * first, atol=1e-5)
        moved += float(np.abs(last - first).sum())
    assert moved > 0


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "run.npz", step=np.array(1), v0000=np.zeros(3))
    with pytest.raises(TrainingError, match="belongs to another run"):
        train(RUN, sampler(), checkpoint=tmp_path / "run.npz")


def test_a_checkpoint_of_other_photos_or_settings_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    with pytest.raises(TrainingCancelled):
        train(RUN, sampler(), checkpoint=file, listing="walls", stop_after=1)
    for run, listing in ((RUN, "decks"), (replace(RUN, label_smoothing=0.0), "walls")):
        with pytest.raises(TrainingError, match=r"run\.npz belongs to another run; remove it"):
            train(run, sampler(), checkpoint=file, listing=listing)


@pytest.mark.parametrize("name", [m.name for m in iter_modules(runs.__path__)])
def test_every_run_of_the_folder_can_be_loaded(name: str) -> None:
    assert load_run(name).phases


def test_an_unknown_run_is_named() -> None:
    assert load_run("released").name
    with pytest.raises(TrainingError, match=r"one of .*'released'"):
        load_run("absent")


def test_progress_counts_epochs_from_one() -> None:
    import keras

    from ml_training.architecture import Architecture, build
    from ml_training.training import Trainer

    told: list[Progress] = []
    keras.utils.set_random_seed(0)
    run = Run(
        "two", phases=(Phase(2, sides=(64,)), Phase(2, sides=(64,))), batch_pixels=4 * 64 * 64
    )
    Trainer(build(Architecture(kind="small")), run).train(
        sampler(), on_progress=told.append, should_stop=lambda: False
    )
    assert [(p.epoch, p.epochs, p.step, p.steps) for p in told] == [(1, 2, 2, 2), (2, 2, 2, 2)]
