"""Django's own refusals (no such path, a bug, a bad request) in the API's shape; pages for people elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hub.api.problems import problem_response

_TEXTS = {
    400: ("bad_request", "Bad request", "The request could not be read."),
    403: ("forbidden", "Not allowed", "You are not allowed to do this."),
    404: ("not_found", "Not found", "There is nothing at this address."),
    500: ("internal_error", "Internal error", "Something broke on our side; it has been logged under this request id."),
}


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    code, title, detail = _TEXTS[status]
    if request.path.startswith("/admin/"):
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
