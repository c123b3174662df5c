"""Every address is guarded by a right, or says why it is public."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.conventions.source import complaint


def own_routes(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif entry.app_name != "admin":  # Django's admin guards itself; the last test asks it
            yield from own_routes(entry)


def routes() -> list[URLPattern]:
    return list(own_routes(get_resolver()))


def test_every_route_is_guarded_or_says_why_it_is_public() -> None:
    open_routes = [
        f"{route.pattern} → {route.lookup_str}"
        for route in routes()
        if not getattr(route.callback, "guard", "")
        if not getattr(route.callback, "public_because", "")
    ]
    why = (
        "A forgotten guard shows a firm's photos to strangers. Use guarded(…) or public(because=…):"
    )
    assert not open_routes, complaint(why, open_routes)


def test_no_route_is_both_guarded_and_public() -> None:
    both = [
        str(route.pattern)
        for route in routes()
        if hasattr(route.callback, "guard") and hasattr(route.callback, "public_because")
    ]
    assert not both, complaint("One of the two marks is not true:", both)


def test_every_route_has_a_name() -> None:
    nameless = [str(route.pattern) for route in routes() if not route.name]
    assert not nameless, complaint("Templates name routes; an address may then change:", nameless)


@pytest.mark.django_db
def test_a_stranger_meets_the_sign_in_page_of_the_admin(client: Client) -> None:
    answer = client.get(reverse("admin:index"))
    assert answer.status_code == 302, "The admin answered a stranger."
