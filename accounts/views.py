"""The link that signs an operator in once. Not for the account page, nor for passwords."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.preferences import guessed
from accounts.services import redeem_one_time_link, update_profile
from ourvidz.errors import Refused

RATES = {"one_time_link": "10/m/ip"}


@method_decorator(never_cache, "dispatch")
class OneTimeLink(View):
    """Signs in whoever follows the link first."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        if not ratelimit.consume(
            request, app="accounts", action="one_time_link", config=RATES, limit_get=True
        ):
            return ratelimit.respond_429(request)
        try:
            user = redeem_one_time_link(token=token)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect(settings.LOGIN_URL)
        if user.last_login is None:
            update_profile(user=user, language=guessed(request)["language"])
        login(request, user, settings.AUTHENTICATION_BACKENDS[0])
        return redirect(settings.LOGIN_REDIRECT_URL)
