"""People: the account that signs in, the profile that others may one day see, and API tokens. Not
for sessions or e-mail addresses, which are allauth's and Django's.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ourvidz.models import PrivateQuerySet, PrivateRow, uuid7


class UserManager(BaseUserManager["User"]):
    """Makes accounts with their profile: one is never without the other."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make an account and its profile. Raises IntegrityError where the e-mail is taken."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        Profile.objects.create(user=user)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make an operator."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can sign in, by e-mail address."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("email address"))
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        db_table = "users"
        verbose_name = _("user")
        constraints = [models.UniqueConstraint(Lower("email"), name="users_email_unique")]

    def __str__(self) -> str:
        return self.email


class Profile(models.Model):
    """What a person tells about themselves. Its id is the user's."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("Like the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    user = models.OneToOneField(
        User, models.CASCADE, primary_key=True, db_column="id", related_name="profile"
    )
    display_name = models.CharField(_("name"), max_length=80, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=8, default="en")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PrivateQuerySet.as_manager()

    class Meta:
        db_table = "profiles"

    def __str__(self) -> str:
        return self.display_name or str(self.pk)


class ApiTokenQuerySet(PrivateQuerySet):
    """Reads of tokens."""

    def usable(self) -> ApiTokenQuerySet:
        """Return tokens neither revoked nor expired."""
        now = timezone.now()
        return self.filter(revoked_at=None).exclude(expires_at__lte=now)


class ApiToken(PrivateRow):
    """A key for programs. Only its digest is kept: the secret is shown once."""

    class Scope(models.TextChoices):
        READ = "read", _("Read")
        WRITE = "write", _("Write")

    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices), default=list)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        db_table = "api_tokens"
        indexes = [models.Index(fields=["user", "-created_at"], name="api_tokens_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def rights(self) -> list[str]:
        """What it may do, in words."""
        return [str(self.Scope(scope).label) for scope in self.scopes]
