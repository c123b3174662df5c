"""The order of the review queue that teaches a model most."""

import pytest

from classifier import lessons, review
from classifier.models import Photo, Prediction
from classifier.states import ReviewOrder
from tests.factories import (
    CRACK,
    DOUBT,
    active_version,
    make_classified,
    make_photo_set,
    make_reviewed,
    make_user,
)

pytestmark = pytest.mark.django_db


def queued() -> list[int]:
    return [photo.pk for photo in review.queue(order=ReviewOrder.LEARNING)]


def test_the_least_certain_come_first_and_of_each_look_one_before_its_likes() -> None:
    photo_set = make_photo_set()
    sure = {make_classified(photo_set, CRACK).pk for _ in range(2)}
    doubted = {make_classified(photo_set, DOUBT).pk for _ in range(2)}
    assert lessons.order_new() == 4
    first, second, third, last = queued()
    assert ({first, third}, {second, last}) == (doubted, sure)


def test_what_was_reviewed_before_waits_behind_what_was_not() -> None:
    photo_set = make_photo_set()
    make_reviewed(photo_set, "confirmed", by=make_user("reviewer"))
    known, new = make_classified(photo_set, CRACK), make_classified(photo_set, DOUBT)
    lessons.order_new()
    assert queued() == [new.pk, known.pk]


def test_photos_without_a_place_come_last_the_least_certain_first() -> None:
    photo_set = make_photo_set()
    placed = make_classified(photo_set, CRACK)
    lessons.order_new()
    sure, doubted = make_classified(photo_set, CRACK), make_classified(photo_set, DOUBT)
    assert queued() == [placed.pk, doubted.pk, sure.pk]


def test_nothing_is_computed_where_every_photo_has_its_place() -> None:
    make_classified()
    assert (lessons.order_new(), lessons.order_new()) == (1, 0)


def test_without_photos_or_a_version_there_is_nothing_to_order() -> None:
    assert lessons.order_new() == 0
    active_version()
    assert lessons.order_new() == 0


def test_each_answer_keeps_its_embedding() -> None:
    photo = make_classified(colour=DOUBT)
    assert bytes(Prediction.objects.get(photo=photo).embedding) == bytes([251, 180])
    assert Photo.objects.waiting_for_review().count() == 1
