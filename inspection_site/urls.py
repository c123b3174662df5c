"""Routes of the site: Django's admin, and everything else by the classifier app."""

from django.contrib import admin
from django.urls import include, path

from classifier.views.sign_in import admin_sign_in

handler403 = "classifier.views.access.refused"
handler500 = "classifier.views.outages.server_error"

urlpatterns = [
    path("admin/login/", admin_sign_in, name="admin-sign-in"),
    path("admin/", admin.site.urls),
    path("", include("classifier.urls")),
]
