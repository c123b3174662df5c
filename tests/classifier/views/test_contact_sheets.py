import pytest
from django.test import Client
from django.urls import reverse

from classifier import review
from classifier.models import Decision
from tests.classifier.views.conftest import ClientFor
from tests.factories import SOUND, make_classified, make_photo_set, make_reviewed, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("reviewer")


def decide(client: Client, **fields: object) -> str:
    answer = client.post(reverse("decide-many"), fields, follow=True)
    return str(answer.content.decode())


def test_the_sheet_shows_one_pile_or_the_other(client: Client) -> None:
    flagged, clear = make_classified(), make_classified(colour=SOUND)
    for query, shown, hidden in (("", flagged, clear), ("?pile=clear", clear, flagged)):
        page = client.get(reverse("contact-sheet") + query).content.decode()
        assert f'value="{shown.pk}"' in page
        assert f'value="{hidden.pk}"' not in page


def test_the_chosen_photos_are_dismissed_together(client: Client) -> None:
    photos = [make_classified(), make_classified()]
    ids = [photo.pk for photo in photos]
    assert "2 photos decided: dismissed." in decide(
        client, photo=ids, outcome="dismissed", cause="joint"
    )
    assert list(Decision.objects.values_list("photo", "cause")) == [(pk, "joint") for pk in ids]


def test_a_dismissal_without_its_cause_changes_nothing(client: Client) -> None:
    photo = make_classified()
    page = decide(client, photo=photo.pk, outcome="dismissed")
    assert "Choose what it is instead of a crack." in page
    assert not Decision.objects.exists()


def test_what_was_chosen_survives_a_refusal_once(client: Client) -> None:
    chosen, other = make_classified(), make_classified()
    page = decide(client, photo=chosen.pk, outcome="dismissed")
    assert f'value="{chosen.pk}" checked' in page
    assert f'value="{other.pk}" checked' not in page
    page = decide(client, outcome="dismissed", cause="joint")
    assert 'value="joint" selected' in page
    assert " checked" not in client.get(reverse("contact-sheet")).content.decode()


def test_nothing_chosen_is_said_so(client: Client) -> None:
    make_classified()
    assert "Choose at least one photo." in decide(client, outcome="confirmed")


def test_what_a_colleague_decided_stays_and_is_named(client: Client) -> None:
    photo = make_reviewed(make_photo_set(), "confirmed", by=make_user("reviewer"))
    page = decide(client, photo=photo.pk, outcome="cant_tell")
    assert f"Decided or signed off meanwhile, and left as it is: {photo}." in page
    assert Decision.objects.count() == 1


def test_one_press_takes_the_whole_batch_back(client: Client) -> None:
    photos = [make_classified(), make_classified()]
    ids = [photo.pk for photo in photos]
    page = decide(client, photo=ids, outcome="confirmed")
    batch = Decision.objects.latest("pk").batch
    assert batch
    assert batch.hex in page
    undo = {"batch": batch.hex}
    page = client.post(reverse("undo-many"), undo, follow=True).content.decode()
    assert "2 photos taken back: undecided again." in page
    assert batch.hex not in page
    outcomes = list(Decision.objects.values_list("photo", "outcome"))
    assert outcomes == [(pk, word) for word in ("confirmed", "withdrawn") for pk in ids]
    assert set(review.queue()) == set(photos)


def test_what_was_decided_anew_since_the_batch_stays(client: Client) -> None:
    photo = make_classified()
    decide(client, photo=photo.pk, outcome="confirmed")
    first = Decision.objects.get()
    review.decide(photo, "cant_tell", by=make_user("reviewer"), seen_decision_id=first.pk)
    page = client.post(reverse("undo-many"), {"batch": first.batch}, follow=True).content.decode()
    assert f"left as it is: {photo}." in page
    assert Decision.objects.count() == 2


def test_nobody_takes_back_anothers_batch(client: Client, client_for: ClientFor) -> None:
    decide(client, photo=make_classified().pk, outcome="confirmed")
    batch = Decision.objects.get().batch
    client_for("reviewer").post(reverse("undo-many"), {"batch": batch})
    client.post(reverse("undo-many"), {"batch": "nonsense"})
    assert Decision.objects.count() == 1


def test_a_viewer_may_not_decide_on_many(client_for: ClientFor) -> None:
    fields = {"photo": make_classified().pk, "outcome": "confirmed"}
    assert client_for("viewer").post(reverse("decide-many"), fields).status_code == 403
    assert not Decision.objects.exists()
