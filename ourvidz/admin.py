"""What operators see of the tables that belong to no app: the feed's counters, and what operators
did. The tasks of Dramatiq are left out: they hold ids only, and nothing keeps them.
"""

from __future__ import annotations

from contextlib import suppress

from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.models import LogEntry
from django_dramatiq.models import Task

from ourvidz.admin_tools import RowAdmin
from ourvidz.models import FeedHead

with suppress(NotRegistered):
    admin.site.unregister(Task)


@admin.register(FeedHead)
class FeedHeadAdmin(RowAdmin):
    list_display = ("user", "seq")
    list_select_related = ("user",)
    list_filter = (("user__is_staff", admin.BooleanFieldListFilter),)
    search_fields = ("user__email",)
    person = "pk"


@admin.register(LogEntry)
class LogEntryAdmin(RowAdmin):
    """What operators did here."""

    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag")
    list_select_related = ("user", "content_type")
    list_filter = ("action_flag", "action_time")
    search_fields = ("object_repr", "change_message", "user__email")
    id_fields = ("user",)
