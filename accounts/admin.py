"""What operators see of people: accounts, profiles, API tokens. An account is never deleted here,
which would delete all that its owner made: it is switched off.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import ApiToken, Profile, User
from ourvidz import feed
from ourvidz.admin_tools import RowAdmin
from ourvidz.errors import Refused

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


class NewAccountForm(forms.ModelForm):
    """An account that an operator makes for somebody."""

    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput, min_length=8)

    class Meta:
        model = User
        fields = ["email", "is_staff"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(str(Refused("email_taken")))
        return email


@admin.register(User)
class UserAdmin(RowAdmin):
    list_display = ("email", "is_staff", "is_active", "last_login", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active", "date_joined", "last_login")
    search_fields = ("email",)
    person = "pk"
    editable = ("is_staff", "is_superuser")
    exclude = ("password", "groups", "user_permissions")
    actions = ("switch_off", "switch_on")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = NewAccountForm
        return super().get_form(request, obj, change, **kwargs)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.exclude if obj else None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fields(request, obj) if obj else ("email", "password", "is_staff")

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        if change:
            return super().save_form(request, form, change)
        given = form.cleaned_data
        made = services.create_account(
            email=given["email"], password=given["password"], is_staff=given["is_staff"]
        )
        form.save_m2m = lambda: None
        return made

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            feed.check_access(obj.pk)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let nobody sign in with these accounts; their sockets close."""
        me: Any = request.user.pk
        others = queryset.exclude(pk=me)
        self.each(request, others, lambda user: _set_active(user, False), _("%(count)s off."))

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.each(request, queryset, lambda user: _set_active(user, True), _("%(count)s on."))


@admin.register(EmailAddress)
class EmailAddressAdmin(RowAdmin):
    list_display = ("email", "user", "primary", "verified")
    list_select_related = ("user",)
    list_filter = ("primary", "verified")
    search_fields = ("email",)
    editable = ("verified",)


@admin.register(Profile)
class ProfileAdmin(RowAdmin):
    list_display = ("user", "display_name", "time_zone", "language", "theme", "updated_at")
    list_select_related = ("user",)
    list_filter = ("language", "theme", "created_at")
    search_fields = ("display_name", "user__email", "time_zone")


@admin.register(ApiToken)
class ApiTokenAdmin(RowAdmin):
    """Only their digests are kept, so there is nothing here to steal."""

    list_display = ("name", "user", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    list_filter = (
        ("revoked_at", admin.EmptyFieldListFilter),
        "expires_at",
        "last_used_at",
        "created_at",
    )
    search_fields = ("name", "prefix")
    exclude = ("digest",)
    id_fields = ("pk", "user")
    actions = ("revoke",)

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Make tokens useless from now on."""

        def act(token: ApiToken) -> None:
            services.revoke_token(user=token.user, token_id=token.pk)

        self.each(request, queryset.select_related("user"), act, _("%(count)s revoked."))


def _set_active(user: User, is_active: bool) -> None:
    User.objects.filter(pk=user.pk).update(is_active=is_active)
    feed.check_access(user.pk)
