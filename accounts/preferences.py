"""Pages in the person's own language and time zone. Not for the API, which answers in UTC and in
the language that the request asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.models import Profile

COOKIE_AGE = 365 * 24 * 3600
WITHOUT = ("/api/", "/media/", "/static/", "/health")


class PreferencesMiddleware:
    """Sets language and time zone around the view. Needs the person's identity, to read the
    profile.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        profile = _profile(request)
        if profile is None:
            return self.get_response(request)
        with timezone.override(_zone(profile)), translation.override(profile.language):
            request.LANGUAGE_CODE = profile.language  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", profile.language)
            return response


def keep_language(response: HttpResponse, language: str) -> HttpResponse:
    """Let this browser's sign-in page speak the person's language too."""
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=COOKIE_AGE, samesite="Lax")
    return response


def guessed(request: HttpRequest) -> dict[str, str]:
    """Return what a new person's profile starts with: the browser's time zone and language."""
    zone = request.POST.get("time_zone", "")
    language = translation.get_language() or settings.LANGUAGE_CODE
    known = {code for code, _name in settings.LANGUAGES}
    return {
        "time_zone": zone if zone in available_timezones() else "UTC",
        "language": language if language in known else settings.LANGUAGE_CODE,
    }


def _profile(request: HttpRequest) -> Profile | None:
    user = request.user
    if request.path.startswith(WITHOUT) or not user.is_authenticated:
        return None
    # Kept on the user, where templates find it too.
    return getattr(user, "profile", None)


def _zone(profile: Profile) -> tzinfo:
    """A zone may have left the system's list since it was chosen."""
    try:
        return ZoneInfo(profile.time_zone)
    except (ValueError, ZoneInfoNotFoundError):
        return UTC
