"""Routes of the site: Django's admin, and everything else by the classifier app."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("classifier.urls")),
]
