import re

import pytest
from django.core.management import CommandError, call_command

from classifier import retraining, versions
from classifier.models import Inspection, ModelVersion, Photo, Structure, User
from tests.factories import active_version, make_candidate, make_lessons, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    ids: list[int] = []
    monkeypatch.setattr(
        "classifier.tasks.Doorbell.ring", lambda _bell, _task, row_id: ids.append(row_id)
    )
    return ids


def test_the_first_start_makes_one_admin_with_a_random_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("prepare")
    found = re.search(r"user (\S+), password (\S+)", capsys.readouterr().out)
    assert found
    admin = User.objects.get()
    assert (admin.username, admin.check_password(found[2])) == (found[1], True)
    assert len(found[2]) * 6 >= 128  # bits of chance
    assert admin.has_perm("classifier.add_trainingrun")


def test_a_later_start_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        call_command("prepare")
    assert capsys.readouterr().out.count("password is shown this once") == 1
    assert (User.objects.count(), ModelVersion.objects.count()) == (1, 1)


@pytest.mark.timeout(800)
def test_the_demo_fills_an_empty_site_once(
    rung: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.demo.SIZE", (160, 120))
    call_command("prepare")
    for _ in range(2):
        call_command("draw_demo")
    assert (Structure.objects.count(), Inspection.objects.count()) == (2, 3)
    assert len(rung) == Photo.objects.count() > 12
    assert {photo.camera for photo in Photo.objects.all()} == {"Drawn by Hairline"}
    assert all("(drawn)" in structure.name for structure in Structure.objects.all())
    for photo in Photo.objects.all():  # each beside its structure, for the maps
        assert photo.latitude == pytest.approx(photo.structure.latitude, abs=1e-3)
        assert photo.longitude == pytest.approx(photo.structure.longitude, abs=1e-3)


def test_evaluating_a_version_says_what_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    active = active_version()
    version = ModelVersion.objects.create(
        name="other",
        folder=versions.model_folder(active).name,
        seal=active.seal,
        clear_below=0.3,
        flagged_from=0.7,
    )
    call_command("evaluate_model", "other")
    assert "met      It answers alike." in capsys.readouterr().out
    assert version.trials.get().passed
    with pytest.raises(CommandError, match="there is no other"):
        call_command("evaluate_model", active.name)


def test_a_version_is_trained_activated_and_lets_old_photos_be_judged_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    active, admin = active_version(), make_user("admin", "reviewer")
    make_lessons(admin)
    call_command("retrain", by=admin.username)
    candidate = ModelVersion.objects.get(state="candidate")
    assert "It passed the gate." in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"tried on all of the newest photos yet\. Say why"):
        call_command("activate_model", candidate.name, by=admin.username)
    call_command("evaluate_model", candidate.name)
    assert f"rescore --by NAME --trial '{candidate}'" in capsys.readouterr().out
    call_command("rescore", by=admin.username, trial=candidate.name)
    call_command("activate_model", candidate.name, by=admin.username)
    call_command("rescore", by=admin.username)
    told = capsys.readouterr().out
    assert f"8 photos judged again by {candidate}; now flagged 0" in told
    assert f"beside {active}." in told
    call_command("activate_model", active.name, by=admin.username)
    assert ModelVersion.objects.active() == active


def test_a_second_run_is_refused_and_the_first_named() -> None:
    active_version()
    admin = make_user("admin", "reviewer")
    make_lessons(admin)
    run = retraining.request_run(by=admin)
    with pytest.raises(CommandError, match=f"{run} is under way"):
        call_command("retrain", by=admin.username)


def test_a_command_refuses_as_the_page_does() -> None:
    active_version()
    admin = make_user("admin", "reviewer")
    with pytest.raises(CommandError, match="4 confirmed photos are needed"):
        call_command("retrain", by=admin.username)
    other = make_candidate("other")
    with pytest.raises(CommandError, match=r"not compared with stub.* Say why nevertheless"):
        call_command("activate_model", other.name, by=admin.username)
    viewer = make_user("viewer")
    with pytest.raises(CommandError, match="may not activate"):
        call_command("activate_model", active_version().name, by=viewer.username)
    with pytest.raises(CommandError, match="may not judge photos again"):
        call_command("rescore", by=viewer.username)
    make_lessons(admin)
    with pytest.raises(CommandError, match="may not train"):
        call_command("retrain", by=viewer.username)
    with pytest.raises(CommandError, match="Nobody with an account"):
        call_command("rescore", by="a stranger")
    with pytest.raises(CommandError, match="No model version is named"):
        call_command("rescore", by=admin.username, trial="nothing")
