"""The account page: settings, password and e-mail (which are allauth's), API tokens. Not for the
API.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import services
from accounts.models import ApiToken, Profile, User
from accounts.page_forms import ProfileForm, TokenForm
from accounts.preferences import COOKIE_AGE, keep_language
from ourvidz.errors import Refused
from ourvidz.pages import THEMES, form_of

TOKENS_SHOWN = 100


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return _page(request)


@login_required
@form_of("account:home")
def profile(request: HttpRequest) -> HttpResponse:
    """Keep name, time zone, language and theme."""
    form = ProfileForm(request.POST, instance=_profile(request))
    if not form.is_valid():
        return _page(request, status=422, profile_form=form)
    try:
        kept = services.update_profile(user=_user(request), **form.changes())
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return _page(request, status=422, profile_form=form)
    return keep_language(_with_theme(redirect("account:home"), kept.theme), kept.language)


@login_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme that the switch in the header chose."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        return HttpResponse(status=422)
    services.update_profile(user=_user(request), theme=chosen)
    return _with_theme(HttpResponse(status=204), chosen)


@login_required
@form_of("account:home")
@never_cache
def create_token(request: HttpRequest) -> HttpResponse:
    """Make an API token. Its secret is in this answer, and never again."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, token_form=form)
    wanted = {name: form.cleaned_data[name] for name in ("name", "scopes")}
    try:
        token, secret = services.issue_token(
            user=_user(request), expires_at=form.expires_at(), **wanted
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return _page(request, status=422, token_form=form)
    return _page(request, new_token=token, secret=secret)


@login_required
@form_of("account:home")
def revoke_token(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    """Make a token useless from now on."""
    # One that is gone already is what was asked for.
    with suppress(Refused):
        services.revoke_token(user=_user(request), token_id=token_id)
    return redirect("account:home")


def _page(request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
    """Render the page. A form in the context stands in the place of a fresh one."""
    tokens = ApiToken.objects.for_user(request.user).filter(revoked_at=None)
    context = {
        "profile_form": ProfileForm(instance=_profile(request)),
        "token_form": TokenForm(),
        "tokens": tokens.order_by("-created_at", "-id")[:TOKENS_SHOWN],
        **context,
    }
    return render(request, "accounts/home.html", context, status=status)


def _user(request: HttpRequest) -> User:
    """Return who is signed in, which `login_required` has made sure of."""
    return cast(User, request.user)


def _profile(request: HttpRequest) -> Profile:
    return Profile.objects.for_user(request.user).get()


def _with_theme(response: HttpResponse, chosen: str) -> HttpResponse:
    """The cookie is what the next page's first byte is painted by."""
    response.set_cookie("theme", chosen, max_age=COOKIE_AGE, samesite="Lax")
    return response
