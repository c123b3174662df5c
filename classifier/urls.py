"""Every page of the site."""

from django.urls import path, re_path
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import JavaScriptCatalog

from classifier import roles
from classifier.views import (
    audits,
    comparisons,
    contact_sheets,
    drift,
    home,
    marks,
    model_versions,
    operations,
    outlines,
    people,
    photo_sets,
    photos,
    registers,
    reports,
    reviews,
    share_links,
    sign_offs,
    structures,
    thresholds,
    time_zones,
)
from classifier.views.access import guarded, public
from classifier.views.sign_in import ChangePassword, SignIn, SignOut

sign_in = public(because="people sign in here")(
    require_http_methods(["GET", "HEAD", "POST"])(SignIn.as_view())
)
sign_out = public(because="ends whatever session the request carries")(
    require_POST(SignOut.as_view())
)
change_password = require_http_methods(["GET", "HEAD", "POST"])(
    guarded(roles.SEE)(ChangePassword.as_view())
)
welcome = public(because="whoever holds the link sets the password of its account")(
    require_http_methods(["GET", "HEAD", "POST"])(people.Welcome.as_view())
)
words = public(because="the scripts' own sentences, in the language of the browser")(
    require_safe(JavaScriptCatalog.as_view())
)

urlpatterns = [
    path("", home.home, name="home"),
    path("patterns/", home.patterns, name="patterns"),
    path("words.js", words, name="words"),
    path("healthz", home.healthz, name="healthz"),
    path("readyz", home.readyz, name="readyz"),
    path("metrics", operations.metrics, name="metrics"),
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-out/", sign_out, name="sign-out"),
    path("password/", change_password, name="password"),
    path("welcome/<uidb64>/<token>/", welcome, name="welcome"),
    path("people/", people.everybody, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/link/", people.person_link, name="person-link"),
    path("time-zone/", time_zones.time_zone, name="time-zone"),
    path("system/retry/", operations.retry_failed, name="retry-failed"),
    path("system/", operations.system, name="system"),
    path("system/audit/", operations.audit, name="audit"),
    path("system/audit.csv", operations.audit_export, name="audit-export"),
    path("structures/", structures.structures, name="structures"),
    path("structures/map/", structures.structure_map, name="structure-map"),
    path("structures.csv", registers.structures_export, name="structures-export"),
    path("structures/import/", registers.structures_import, name="structures-import"),
    path("structures/new/", structures.structure_new, name="structure-new"),
    path("structures/<int:pk>/", structures.structure, name="structure"),
    path("structures/<int:pk>/edit/", structures.structure_edit, name="structure-edit"),
    path("structures/<int:pk>/inspections/new/", structures.inspection_new, name="inspection-new"),
    path("inspections/<int:pk>/", structures.inspection, name="inspection"),
    path("inspections/<int:pk>/upload/", photo_sets.upload, name="upload"),
    path("inspections/<int:pk>/reports/", reports.report_new, name="report-new"),
    path("reports/<int:pk>/", reports.report, name="report"),
    path("reports/<int:pk>/links/", share_links.share, name="share"),
    path("report-links/<int:pk>/revocation/", share_links.share_revoke, name="share-revoke"),
    re_path(r"^shared/(?P<token>[\w-]{43})/$", share_links.shared_report, name="shared-report"),
    path("reports/<int:pk>/progress/", reports.report_progress, name="report-progress"),
    path("reports/<int:pk>/pdf/", reports.report_pdf, name="report-pdf"),
    path("inspections/<int:pk>/sign-off/", sign_offs.sign_off, name="sign-off"),
    path("inspections/<int:pk>/reopening/", sign_offs.reopen, name="reopen"),
    path("inspections/<int:pk>/audit/", audits.draw_audit, name="draw-audit"),
    re_path(
        r"^inspections/(?P<pk>\d{1,18})/export/(?P<kind>csv|json|coco|geojson)/$",
        reports.export,
        name="export",
    ),
    path("photo-sets/<int:pk>/", photo_sets.photo_set, name="photo-set"),
    path("photo-sets/<int:pk>/progress/", photo_sets.photo_set_progress, name="photo-set-progress"),
    path("photo-sets/<int:pk>/photos/", photo_sets.photo_upload, name="photo-upload"),
    path("photo-sets/<int:pk>/known/", photo_sets.photos_known, name="photos-known"),
    path("photos/<int:pk>/", photos.photo, name="photo"),
    re_path(
        r"^photos/(?P<pk>\d{1,18})/images/(?P<kind>thumbnail|working|overlay|original|plain)/$",
        photos.photo_image,
        name="photo-image",
    ),
    path("photos/<int:pk>/compare/", comparisons.compare_photo, name="compare-photo"),
    path("structures/<int:pk>/compare/", comparisons.compare_structure, name="compare-structure"),
    path("photos/<int:pk>/retry/", photos.retry, name="retry"),
    path("photos/<int:pk>/decisions/", reviews.decide, name="decide"),
    path("photos/<int:pk>/undo/", reviews.undo, name="undo"),
    path("photos/<int:pk>/marks/", marks.mark, name="mark"),
    path("marks/<int:pk>/withdrawal/", marks.mark_withdraw, name="mark-withdraw"),
    path("photos/<int:pk>/outlines/", outlines.clear_outlines, name="clear-outlines"),
    path("clearings/<int:pk>/withdrawal/", outlines.outline_restore, name="outline-restore"),
    path("review/", reviews.queue, name="review"),
    path("review/sheet/", contact_sheets.contact_sheet, name="contact-sheet"),
    path("review/decisions/", contact_sheets.decide_many, name="decide-many"),
    path("review/decisions/undo/", contact_sheets.undo_many, name="undo-many"),
    path("review/jump/", reviews.jump, name="jump"),
    path("models/", model_versions.models, name="models"),
    path("models/<int:pk>/", model_versions.model, name="model"),
    path("models/<int:pk>/card.json", model_versions.card, name="model-card"),
    path("models/<int:pk>/activate/", model_versions.activate, name="activate"),
    path("models/<int:pk>/discard/", model_versions.discard, name="discard"),
    path("models/<int:pk>/rescore/", model_versions.rescore, name="rescore"),
    path("models/<int:pk>/changes/", model_versions.changes, name="changes"),
    path("models/<int:pk>/rescore/cancel/", model_versions.rescore_cancel, name="rescore-cancel"),
    path("models/<int:pk>/drift/", drift.drift, name="drift"),
    path("models/<int:pk>/thresholds/", thresholds.thresholds, name="thresholds"),
    path("models/<int:pk>/thresholds/move/", thresholds.move, name="thresholds-move"),
    path("threshold-sets/<int:pk>/put-back/", thresholds.put_back, name="thresholds-put-back"),
    path("models/<int:pk>/compare/", model_versions.compare, name="compare"),
    path("training-runs/", model_versions.train, name="train"),
    path("training-runs/<int:pk>/", model_versions.training_run, name="training-run"),
    path(
        "training-runs/<int:pk>/progress/",
        model_versions.training_run_progress,
        name="training-run-progress",
    ),
    path(
        "training-runs/<int:pk>/cancel/",
        model_versions.training_run_cancel,
        name="training-run-cancel",
    ),
]
