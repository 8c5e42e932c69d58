"""The words that scripts write into the page, translated with the rest. `lib/words.js` reads them;
%s is filled there, and by `word` and `span` where the server writes the same. Not for what a
template can say.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

WORDS = {
    "next": _("next"),
    "waiting": _("waiting"),
    "place": _("%s. in line"),
    "in_seconds": _("in %s s"),
    "in_minutes": _("in %s min"),
    "about_seconds": _("about %s s"),
    "about_minutes": _("about %s min"),
    "running": _("%s running"),
    "queue_waiting": _("%s waiting"),
    "queue_paused": _("%s paused"),
    "starts_seconds": _("starts in %s s"),
    "starts_minutes": _("starts in %s min"),
    "no_worker": _("no worker is there"),
    "moved": _("Place %s in your line"),
    "ready_seconds": _("ready in %s s"),
    "ready_minutes": _("ready in %s min"),
    "starting": _("starting"),
    "random": _("random"),
    "no_video": _(
        "A video from elsewhere cannot be uploaded here. Use one of your own by “Continue”."
    ),
    "ready_one": _("A picture or video is ready."),
    "ready_many": _("%s pictures or videos are ready."),
    "ready_none": _("%s could not be made."),
    "look": _("Look"),
    "notify_blocked": _(
        "The browser does not allow it. Change that in its settings for this page."
    ),
    "undo": _("Undo"),
    "compared": _("%s compared"),
    "copied": _("Copied"),
    "theme_system": _("Theme: like the system"),
    "theme_light": _("Theme: light"),
    "theme_dark": _("Theme: dark"),
    "not_reached": _("The server could not be reached. What you wrote is kept. Try again."),
    "not_saved": _("That did not reach the server. Try again."),
    "too_much": _("The server had a problem. What you wrote is kept. Try again."),
}

LONG = 90.0  # seconds; from here on minutes are told


def word(name: str, value: object = "") -> str:
    """Return a word with its value."""
    return str(WORDS[name]).replace("%s", str(value))


def span(name: str, seconds: float) -> str:
    """Return "in 9 s" or "in 3 min": `name` is the stem of a pair of words."""
    if seconds >= LONG:
        return word(f"{name}_minutes", max(1, round(seconds / 60)))
    return word(f"{name}_seconds", max(1, round(seconds)))
