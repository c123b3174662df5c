"""Routes of the site: Django's admin, and everything else by the classifier app."""

from django.contrib import admin
from django.urls import include, path

handler403 = "classifier.views.access.refused"
handler500 = "classifier.views.outages.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("classifier.urls")),
]
