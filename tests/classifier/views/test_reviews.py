import pytest
from django.test import Client
from django.urls import reverse

from classifier import review
from classifier.models import AuditEvent, Decision, Photo
from tests.classifier.views.conftest import ClientFor
from tests.factories import CRACK, DOUBT, make_classified, make_photo_set, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("reviewer")


def decide(client: Client, photo: Photo, **fields: object) -> int:
    return client.post(reverse("decide", args=[photo.pk]), fields).status_code


def test_a_decision_leads_on_to_the_next_photo(client: Client) -> None:
    photo = make_classified()
    queue = f"/review/?last={photo.pk}"
    answer = client.post(
        reverse("decide", args=[photo.pk]), {"outcome": "confirmed", "next": queue}
    )
    assert answer["Location"] == queue
    assert Decision.objects.get().outcome == "confirmed"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_it_never_leads_to_another_site(client: Client, target: str) -> None:
    photo = make_classified()
    answer = client.post(
        reverse("decide", args=[photo.pk]), {"outcome": "confirmed", "next": target}
    )
    assert answer["Location"] == reverse("photo", args=[photo.pk])


def test_a_dismissal_needs_a_cause(client: Client) -> None:
    photo = make_classified()
    fields = {"outcome": "dismissed"}
    answer = client.post(reverse("decide", args=[photo.pk]), fields, follow=True)
    assert "<p>Choose what it is instead of a crack.</p>" in answer.content.decode()
    assert not Decision.objects.exists()
    decide(client, photo, outcome="dismissed", cause="joint")
    assert Decision.objects.get().cause == "joint"


@pytest.mark.parametrize("outcome", ["withdrawn", "yes", ""])
def test_an_outcome_nobody_offers_is_refused(client: Client, outcome: str) -> None:
    decide(client, make_classified(), outcome=outcome)
    assert not Decision.objects.exists()


def test_a_double_submit_meets_the_first_decision(client: Client) -> None:
    photo = make_classified()
    assert decide(client, photo, outcome="confirmed") == 302
    assert decide(client, photo, outcome="confirmed") == 409
    assert Decision.objects.count() == 1


def test_an_answer_that_came_too_late_is_on_record_beside_the_first(client: Client) -> None:
    """F33: the audit log has both attempts."""
    photo = make_classified()
    decide(client, photo, outcome="confirmed")
    decide(client, photo, outcome="cant_tell")
    late = AuditEvent.objects.get(action="answer came too late")
    assert late.subject_id == photo.pk
    assert late.detail["asked"] == "cant_tell"
    assert late.detail["stands"].startswith("Confirmed")


def test_undo_withdraws_the_decision(client: Client) -> None:
    photo = make_classified()
    decide(client, photo, outcome="confirmed")
    seen = Decision.objects.get().pk
    client.post(reverse("undo", args=[photo.pk]), {"seen": seen})
    photo.refresh_from_db()
    assert photo.decision is None


def test_the_queue_shows_the_most_certain_photo_and_offers_undo_of_mine(client: Client) -> None:
    photo_set = make_photo_set()
    doubt, flagged = make_classified(photo_set, DOUBT), make_classified(photo_set, CRACK)
    assert client.get(reverse("review")).context["photo"] == flagged
    decide(client, flagged, outcome="confirmed")
    answer = client.get(reverse("review"), {"last": flagged.pk})
    assert answer.context["photo"] == doubt
    assert answer.context["last_photo"] == flagged


def test_undo_is_not_offered_for_anothers_decision(client: Client) -> None:
    photo = make_classified()
    review.decide(photo, "confirmed", by=make_user("reviewer"), seen_decision_id=None)
    assert client.get(reverse("review"), {"last": photo.pk}).context["last_photo"] is None


def test_a_page_fetched_beforehand_leaves_out_what_is_being_decided(client: Client) -> None:
    photo_set = make_photo_set()
    first, second, third = (make_classified(photo_set) for _ in range(3))
    answer = client.get(reverse("review"), {"last": first.pk})
    assert answer.context["photo"] == second
    assert list(answer.context["upcoming"]) == [third]
    assert client.get(reverse("review"), {"at": third.pk}).context["photo"] == third


def test_a_photo_that_waits_no_more_leads_to_its_page(client: Client) -> None:
    photo = make_classified()
    decide(client, photo, outcome="confirmed")
    answer = client.get(reverse("review"), {"at": photo.pk})
    assert answer["Location"] == reverse("photo", args=[photo.pk])


def test_a_script_is_told_what_was_stored_and_how_to_undo_it(client: Client) -> None:
    photo = make_classified()
    fields = {"outcome": "confirmed", "back": f"/review/?at={photo.pk}"}
    address = reverse("decide", args=[photo.pk])
    said = client.post(address, fields, headers={"Accept": "application/json"}).json()["last"]
    assert f'value="{Decision.objects.get().pk}"' in said
    assert f'value="/review/?at={photo.pk}"' in said


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"outcome": "dismissed"}, 400, "Choose what it is instead of a crack."),
        ({"outcome": "cant_tell"}, 409, "Someone decided first: Confirmed, by "),
    ],
)
def test_a_script_is_told_why_nothing_was_stored(
    client: Client, fields: dict[str, str], status: int, sentence: str
) -> None:
    photo = make_classified()
    decide(client, photo, outcome="confirmed")
    address = reverse("decide", args=[photo.pk])
    answer = client.post(address, fields, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert answer.json()["sentence"].startswith(sentence)


def test_a_photo_put_off_comes_last(client: Client) -> None:
    photo_set = make_photo_set()
    first, second = make_classified(photo_set), make_classified(photo_set)
    assert client.get(reverse("review"), {"skip": first.pk}).context["photo"] == second
    answer = client.get(reverse("review"), {"skip": f"{first.pk},{second.pk}"})
    assert answer.context["photo"] == first


ODD = {"letter": "x", "minus": "-1", "nul": "%00", "long": "9" * 20, "endless": "9" * 5000}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("query", ["skip=1,%s", "structure=%s", "last=%s"])
def test_odd_addresses_are_harmless(client: Client, query: str, odd: str) -> None:
    make_classified()
    assert client.get(f"/review/?{query % odd}").status_code == 200


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_decision_that_claims_to_have_seen_nonsense_is_not_recorded(
    client: Client, odd: str
) -> None:
    assert decide(client, make_classified(), outcome="confirmed", seen=odd) in (302, 409)
    assert not Decision.objects.exists()


def test_an_empty_queue_says_so(client: Client) -> None:
    answer = client.get(reverse("review"))
    assert answer.context["photo"] is None
    assert answer.status_code == 200


def test_a_structure_with_nothing_left_leads_to_those_that_wait(client: Client) -> None:
    make_classified()
    done = make_photo_set().inspection.structure
    page = client.get(reverse("review"), {"structure": done.pk}).content.decode()
    assert f"Nothing waits in {done}" in page
    assert "Review 1 photo of other structures" in page
