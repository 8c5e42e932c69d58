"""Mail without a mail server: each message goes to the console and into a file, so that a password
reset works on a laptop. Not for production: set EMAIL_BACKEND and EMAIL_HOST there.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.console import EmailBackend as ConsoleBackend
from django.core.mail.backends.filebased import EmailBackend as FileBackend


class ConsoleAndFileBackend(BaseEmailBackend):
    """Writes each message twice: where the operator looks, and where it can be found later."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        ConsoleBackend(fail_silently=self.fail_silently).send_messages(email_messages)
        return FileBackend(fail_silently=self.fail_silently).send_messages(email_messages) or 0
