"""The address of every page."""

from tests.live_site import LiveSite

NOT_PAGES = {
    "healthz": "a word for monitoring",
    "words": "sentences for scripts",
    "readyz": "a word for monitoring",
    "audit-export": "a file",
    "export": "a file",
    "model-card": "a file",
    "structures-export": "a file",
    "report-pdf": "a file",
    "shared-report": "a file",
    "photo-image": "an image",
    "metrics": "figures for machines",
    "admin-sign-in": "leads to the page for signing in",
    "jump": "leads to a photo of the queue",
    "compare-structure": "leads to the comparison of a photo",
    "report-progress": "a part of its page",
    "photo-set-progress": "a part of its page",
    "training-run-progress": "a part of its page",
}
"""Addresses that answer GET and are no page of their own, each with the reason."""


_ACTIVE = "SELECT id FROM classifier_modelversion WHERE state = 'active'"


def addresses(site: LiveSite) -> dict[str, str]:
    """Return the path of every page by its route's name, on rows that exist.

    A second page of one route has a name behind a colon.
    """
    flagged = site.value(
        "SELECT photo_id FROM classifier_prediction ORDER BY score DESC, photo_id LIMIT 1"
    )
    photo_set = site.value(f"SELECT photo_set_id FROM classifier_photo WHERE id = {flagged}")
    structure = site.value(f"SELECT structure_id FROM classifier_photo WHERE id = {flagged}")
    inspection = site.value(f"SELECT inspection_id FROM classifier_photoset WHERE id = {photo_set}")
    run = site.value("SELECT max(id) FROM classifier_trainingrun")
    version = site.value("SELECT max(id) FROM classifier_modelversion")
    return {
        "sign-in": "/sign-in/",
        "home": "/",
        "structures": "/structures/",
        "structures:nothing": "/structures/?q=nowhere",
        "structure-map": "/structures/map/",
        "structures-import": "/structures/import/",
        "structure": f"/structures/{structure}/",
        "structure-new": "/structures/new/",
        "structure-edit": f"/structures/{structure}/edit/",
        "inspection": f"/inspections/{inspection}/",
        "inspection-new": f"/structures/{structure}/inspections/new/",
        "upload": f"/inspections/{inspection}/upload/",
        "photo-set": f"/photo-sets/{photo_set}/",
        "photo": f"/photos/{flagged}/",
        "compare-photo": f"/photos/{flagged}/compare/",
        "review": "/review/",
        "contact-sheet": "/review/sheet/",
        "contact-sheet:clear": "/review/sheet/?pile=clear",
        "report": f"/reports/{site.value('SELECT max(id) FROM classifier_report')}/",
        "models": "/models/",
        "model": f"/models/{version}/",
        "drift": f"/models/{version}/drift/",
        "drift:active": f"/models/{site.value(_ACTIVE)}/drift/",
        "thresholds": f"/models/{version}/thresholds/",
        "changes": f"/models/{version}/changes/",
        "training-run": f"/training-runs/{run}/",
        "password": "/password/",
        "welcome": "/welcome/MQ/used-up/",
        "people": "/people/",
        "person-new": "/people/new/",
        "person": f"/people/{site.value('SELECT max(id) FROM classifier_user')}/",
        "time-zone": "/time-zone/",
        "system": "/system/",
        "audit": "/system/audit/",
        "patterns": "/patterns/",
        "patterns:not-found": "/structures/999999/",
    }
