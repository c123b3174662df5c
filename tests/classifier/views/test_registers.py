"""The register of structures as a table, out and in."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from classifier import registers
from classifier.models import AuditEvent, Structure
from tests.classifier.views.conftest import ClientFor
from tests.factories import make_structure

pytestmark = pytest.mark.django_db


def send(client_for: ClientFor, table: str | bytes) -> Any:
    content = table if isinstance(table, bytes) else table.encode()
    fields = {"table": SimpleUploadedFile("structures.csv", content)}
    return client_for("inspector").post(reverse("structures-import"), fields)


def errors(answer: Any) -> str:
    return " ".join(answer.context["form"].errors["table"])


def test_what_goes_out_comes_in_again(client_for: ClientFor) -> None:
    row = make_structure("=Mill; “Lane” bridge")
    facts = {"latitude": 47.25, "longitude": -8.5, "notes": "two\nlines, and more"}
    facts |= {"reinforcement": "prestressed", "exposure": "XC4", "location": "Leeds"}
    Structure.objects.filter(pk=row.pk).update(**facts)
    answer = client_for("viewer").get(reverse("structures-export"))
    assert answer["Content-Type"].startswith("text/csv")
    row.elements.all().delete()
    row.delete()
    assert send(client_for, answer.content).status_code == 302
    made = Structure.objects.get()
    assert made.name == "=Mill; “Lane” bridge"
    assert {name: getattr(made, name) for name in facts} == facts
    assert [element.name for element in made.elements.all()] == ["deck", "pier"]
    assert AuditEvent.objects.filter(action="structure registered", subject=made.name).exists()


def test_a_spreadsheet_of_another_country_is_read(client_for: ClientFor) -> None:
    send(client_for, "\ufeffName;Type;Latitude;Longitude\r\nWehr;Dam;47,5;8,25\r\n")
    row = Structure.objects.get()
    assert (row.kind, row.latitude, row.longitude) == ("dam", 47.5, 8.25)


def test_what_is_registered_already_stays_as_it_is(client_for: ClientFor) -> None:
    make_structure("Old bridge")
    send(client_for, "name,type,location\nOld bridge,dam,Elsewhere\nNew wall,retaining wall,Here\n")
    assert Structure.objects.get(name="Old bridge").location == ""
    assert Structure.objects.get(name="New wall").kind == "retaining_wall"


def test_one_wrong_row_registers_nothing_and_is_named(client_for: ClientFor) -> None:
    answer = send(client_for, "name,type,latitude\nGood,bridge,1\nBad,bridge,91\nWorse,ship,1\n")
    assert not Structure.objects.exists()
    assert "Nothing was registered" in errors(answer)
    assert "Row 3: Latitude" in errors(answer)
    assert "Row 4: Type" in errors(answer)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (b"\xff\xd8\xff\xe0 a photo", "no table"),
        (b"a,b\n1,2\n", "name the columns"),
        (b"name,name,type\n1,2,bridge\n", "name the columns"),
        (b"name,type\n", "this one has 0"),
        (b"name,type\nA,dam\nA,road\n", "Twice in the table: A"),
        (b"name,type\n" + b"A,dam\n" * (registers.MOST_ROWS + 1), "has 1001"),
        (b"", "empty"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(
    client_for: ClientFor, table: bytes, told: str
) -> None:
    answer = send(client_for, table)
    assert answer.status_code == 200
    assert told in errors(answer)
    assert not Structure.objects.exists()
