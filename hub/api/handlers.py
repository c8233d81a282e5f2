"""Django's own refusals (no such path, a bug, a bad request) in the API's shape; pages for people elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hub.api.problems import problem_response

TEXTS = {
    400: ("bad_request", "Bad request", "The request could not be read."),
    403: ("forbidden", "Not allowed", "You are not allowed to do this."),
    405: ("method_not_allowed", "Method not allowed", "The header Allow lists the methods of this address."),
    404: ("not_found", "Not found", "There is nothing at this address."),
    # These two the server says before there is a request (hub/serving/refusals.py).
    414: ("uri_too_long", "The address is too long", "The address is too long to be read, with its query."),
    431: ("headers_too_large", "The header fields are too large", "They are too many or too long to be read."),
    500: ("internal_error", "Internal error", "Something broke on our side; it has been logged under this request id."),
}

# Where people look with a browser.
FOR_PEOPLE = ("/admin/", "/signin/")


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    code, title, detail = TEXTS[status]
    if request.path.startswith(FOR_PEOPLE):
        return render(request, "error.html", {"status": status, "title": title, "detail": detail}, status=status)
    return problem_response(code=code, status=status, title=title, detail=detail)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _answer(request, 404)


def internal_error(request: HttpRequest) -> HttpResponse:
    """500; the traceback is in the log under the request id."""
    return _answer(request, 500)


def only_reads(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """For views outside of DRF: OPTIONS is answered, and every method but GET and HEAD refused with 405."""
    allow = {"Allow": "GET, HEAD, OPTIONS"}

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers=allow)
        refusal = _answer(request, 405)
        refusal["Allow"] = allow["Allow"]
        return refusal

    return guarded
