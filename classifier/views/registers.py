"""The register of structures as a file: downloaded, and registered from one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from classifier import registers, roles
from classifier.models import Structure
from classifier.register_forms import TableForm
from classifier.views.access import SignedInRequest, guarded
from classifier.views.files import guarded_file


@require_safe
@guarded(roles.SEE)
def structures_export(_request: SignedInRequest) -> HttpResponse:
    table = registers.as_csv(Structure.objects.prefetch_related("elements"))
    answer = HttpResponse(table)
    guarded_file(answer, "text/csv; charset=utf-8", download_as="structures.csv")
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@guarded(roles.REGISTER)
def structures_import(request: SignedInRequest) -> HttpResponse:
    """Register all structures of a table, or none of them."""
    form = TableForm(request.POST, request.FILES) if request.method == "POST" else TableForm()
    if request.method == "GET" or not form.is_valid():
        context = {"form": form, "columns": registers.COLUMNS}
        return render(request, "structures/import.html", context)
    made = form.store(by=request.user)
    told = ngettext("%(count)s structure registered.", "%(count)s structures registered.", made)
    here = len(form.cleaned_data["table"]) - made
    stayed = _("%(count)s were registered already and stay as they are.") % {"count": here}
    sentence = told % {"count": made}
    messages.success(request, f"{sentence} {stayed}" if here else sentence)
    return redirect("structures")
