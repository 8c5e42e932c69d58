"""Every sentence that OurVidz says when something is refused or fails: code → (HTTP status, words).
A sentence says what happened and what to do. Not for labels or help texts: those stand in
templates.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

# Parameters that are words of ours, said in the reader's language too; others stand as they are.
SPOKEN = ("label", "reason", "role", "type")
# What they can be, beside the settings of presets: roles, kinds of values, and what a worker, which
# has no catalogue, says of a file.
WORDS = (
    gettext_noop("image"),
    gettext_noop("mask"),
    gettext_noop("video"),
    gettext_noop("a whole number"),
    gettext_noop("a number"),
    gettext_noop("text"),
    gettext_noop("yes or no"),
    gettext_noop("a list"),
    gettext_noop("it has too many pixels"),
    gettext_noop("it is not a PNG, JPEG or WebP picture"),
    gettext_noop("it is not the file that was uploaded"),
    gettext_noop("it is not a video that can be played"),
)

MESSAGES: dict[str, tuple[int, Promise]] = {
    # Anything
    "unknown": (500, _("Something went wrong. Try again.")),
    "not_found": (404, _("There is nothing here, or it is not yours.")),
    "permission_denied": (403, _("You may not do this.")),
    "too_many": (429, _("That was a lot at once. Wait a moment and try again.")),
    "body_too_large": (413, _("The request is larger than %(limit)s KB.")),
    "cursor_invalid": (400, _("This cursor belongs to no page of this list. Start without one.")),
    "act_unknown": (422, _("What can be done here is one of %(choices)s.")),
    "limit_range": (400, _("A page has %(min)s to %(max)s results.")),
    # Queueing
    "prompt_empty": (422, _("Write a prompt first.")),
    "prompt_too_long": (422, _("The prompt has %(length)s characters; %(limit)s are allowed.")),
    "prompt_unreadable": (422, _("The prompt has a character that cannot be kept. Remove it.")),
    "preset_unknown": (422, _("There is no preset “%(preset)s”. Choose another.")),
    "preset_disabled": (422, _("“%(preset)s” is switched off for now. Choose another preset.")),
    "parameter_unknown": (422, _("“%(preset)s” has no setting “%(name)s”.")),
    "parameter_type": (422, _("%(label)s must be %(type)s.")),
    "parameter_range": (422, _("%(label)s must be between %(min)s and %(max)s.")),
    "parameter_step": (422, _("%(label)s goes up from %(min)s in steps of %(step)s.")),
    "parameter_choice": (422, _("%(label)s must be one of %(choices)s.")),
    "count_range": (422, _("Ask for 1 to %(limit)s at a time.")),
    "seed_range": (422, _("A seed is a whole number from 0 to %(limit)s.")),
    "destination_unknown": (422, _("A result goes to the workspace or to the library.")),
    "session_missing": (404, _("That session is gone. Start a new one.")),
    "project_missing": (404, _("That project is gone. Choose another.")),
    "project_depth": (
        422,
        _("A project lies in another one, which lies in none and is not itself. Choose another."),
    ),
    "undo_over": (410, _("It is too late to undo this here.")),
    "format_unknown": (422, _("A picture is given as %(choices)s; a video as it is.")),
    "tag_missing": (404, _("That tag is gone.")),
    "tag_taken": (422, _("You have a tag of this name already.")),
    "tags_many": (422, _("At most %(limit)s tags at once.")),
    "search_missing": (404, _("That saved search is gone.")),
    "search_empty": (422, _("Search for something or choose a filter first.")),
    "searches_many": (422, _("You have %(limit)s saved searches. Delete one first.")),
    "preset_not_installed": (
        422,
        _("The model of “%(preset)s” is not installed. Choose another, or ask an operator."),
    ),
    "reference_needed": (422, _("Choose a picture or a video to start from.")),
    "reference_not_ready": (409, _("What you want to start from has no file yet, or it failed.")),
    "reference_role": (422, _("“%(preset)s” takes no %(role)s to start from.")),
    "reference_kind": (422, _("That file cannot be used as the %(role)s.")),
    "references_many": (422, _("At most %(limit)s of the role %(role)s can be used here.")),
    "references_both": (422, _("Start from a picture or from a video, not from both.")),
    "strength_range": (422, _("A strength is a number from 0 to 1.")),
    "mask_needed": (422, _("“%(preset)s” needs a mask: paint over what it should change.")),
    "mask_size": (422, _("The mask must be as large as the picture that it belongs to.")),
    "relation_unknown": (422, _("A relation is one of %(choices)s.")),
    "lora_source": (
        422,
        _("A LoRA is named by a hub id, owner/name, or by its name in the LoRA folder."),
    ),
    "loras_many": (422, _("At most %(limit)s LoRAs can be combined.")),
    "lora_weight": (422, _("The weight of a LoRA is a number from -2 to 2.")),
    "quota_waiting": (429, _("You have %(limit)s jobs waiting. Let some finish first.")),
    "quota_gpu_seconds": (
        429,
        _("You may use %(limit)s GPU seconds a day; %(used)s are used or waiting. Try it later."),
    ),
    "start_by_past": (422, _("The time by which it should start is over already.")),
    "priority_staff": (403, _("Only operators put jobs before others.")),
    "priority_range": (422, _("A priority is a whole number from -%(limit)s to %(limit)s.")),
    "job_not_waiting": (409, _("This job does not wait any more.")),
    "not_started": (504, _("No worker was free in the time that you gave it. Try again.")),
    "idempotency_mismatch": (
        409,
        _("This Idempotency-Key was used for another request. Use a new key."),
    ),
    # Jobs
    "job_finished": (409, _("This job is finished already.")),
    "job_not_leased": (409, _("This worker does not hold the job any more.")),
    "canceled": (409, _("Canceled.")),
    "worker_lost": (500, _("The worker went away. Tried %(attempts)s times, seed kept.")),
    "worker_handed_back": (500, _("The worker was stopped. Tried %(attempts)s times, seed kept.")),
    "model_missing": (500, _("The model “%(model)s” is not on the worker. Tell an operator.")),
    "family_unknown": (500, _("The worker cannot run “%(family)s” models. Tell an operator.")),
    "model_broken": (500, _("The model “%(model)s” could not be loaded. Tell an operator.")),
    "out_of_memory": (500, _("The worker ran out of memory. Try a smaller size.")),
    "storage_refused": (500, _("The picture could not be stored. Try again.")),
    "storage_full": (
        507,
        _("There is no room left for files. Empty your bins, or tell an operator."),
    ),
    "output_wrong": (500, _("The worker delivered a broken file. Try again.")),
    "output_too_large": (500, _("The worker's file was larger than is taken. Ask for less.")),
    "output_missing": (500, _("The worker's file did not arrive. Try again.")),
    "bad_parameters": (500, _("The model did not accept these settings: %(reason)s")),
    "reference_unreadable": (
        422,
        _("What it should start from could not be read: %(reason)s. Choose another file."),
    ),
    "lora_missing": (
        422,
        _("The LoRA “%(name)s” is not here. Check its name, or ask an operator to add it."),
    ),
    "lora_incompatible": (422, _("The LoRA “%(name)s” was made for another kind of model.")),
    "lora_broken": (
        422,
        _("The file of the LoRA “%(name)s” is damaged. Choose another, or tell an operator."),
    ),
    "prompt_tokens": (
        422,
        _("The model reads at most %(limit)s tokens; the prompt has %(count)s. Shorten it."),
    ),
    "weights_unsafe": (
        422,
        _("“%(name)s” is no safetensors file. Other files can run code, so they are refused."),
    ),
    "too_long": (422, _("The video would be longer than %(limit)s. Ask for fewer frames.")),
    "engine_error": (500, _("The model failed while it was working. Try again.")),
    # Webhooks
    "webhook_url": (
        422,
        _("A webhook's address starts with https:// and carries neither name nor password."),
    ),
    "webhook_private": (422, _("That address leads into a private network. Use a public one.")),
    "webhook_name": (422, _("That address leads nowhere: its name is not known.")),
    "webhook_event": (422, _("There is no event “%(event)s”.")),
    "webhook_off": (409, _("The webhook is switched off. Switch it on first.")),
    "webhooks_many": (429, _("You have %(limit)s webhooks. Delete one first.")),
    "webhook_gone": (410, _("The address answered that it is gone for good.")),
    "webhook_connect": (502, _("There was no connection to that address.")),
    "webhook_tls": (502, _("Its certificate is not one that is trusted.")),
    "webhook_timeout": (504, _("It did not answer in time.")),
    "webhook_redirect": (502, _("It answered with another address, which is not followed.")),
    # Models on this machine
    "model_is_folder": (409, _("This model is a folder, %(folder)s: nothing is fetched for it.")),
    "model_absent": (409, _("“%(model)s” is not on this machine.")),
    "model_checksum": (
        502,
        _("%(file)s of “%(model)s” arrived damaged and was thrown away. Fetch it again."),
    ),
    "fetch_running": (409, _("“%(model)s” is being fetched already.")),
    "fetch_stopped": (409, _("Stopped. Fetching it again goes on from here.")),
    "fetch_failed": (500, _("The fetch ended unexpectedly. Fetching again goes on from there.")),
    "disk_too_full": (
        507,
        _("It needs %(needed)s more, but %(folder)s has %(free)s left. Make room first."),
    ),
    "folder_not_a_model": (
        422,
        _("%(folder)s holds no model: neither model_index.json nor a .safetensors file."),
    ),
    "hub_unreachable": (502, _("%(hub)s did not answer as it should: %(reason)s")),
    "hub_offline": (503, _("HF_HUB_OFFLINE is set: the hub is not asked. Take it away first.")),
    "hub_missing": (
        404,
        _("The hub has no “%(model)s”, or it is private and HF_TOKEN may not see it."),
    ),
    "hub_revision": (404, _("“%(model)s” has no revision %(revision)s.")),
    "hub_file_missing": (404, _("“%(model)s” has no file %(file)s.")),
    "lora_several": (422, _("“%(model)s” has several files. Name one of them: %(choices)s.")),
    "hub_not_a_pipeline": (422, _("“%(model)s” has no model_index.json: it is no pipeline.")),
    "hub_no_weights": (422, _("“%(model)s” has no safetensors files.")),
    "hub_gated": (
        403,
        _(
            "“%(model)s” asks you to accept its terms first. Open %(page)s, sign in and accept "
            "them, make a token that may read it, and set HF_TOKEN."
        ),
    ),
    "hub_gated_refused": (
        403,
        _("HF_TOKEN may not read “%(model)s”. Accept its terms at %(page)s with that account."),
    ),
    # Workspace and library
    "item_missing": (404, _("That item is gone.")),
    "nothing_to_retry": (409, _("Nothing of it failed or was canceled.")),
    "act_unavailable": (409, _("No model that can do this is installed here.")),
    "item_unfinished": (409, _("Wait until it is finished, then save it.")),
    "item_failed": (409, _("There is no picture to save: this one failed.")),
    "item_busy": (409, _("It is being made. Cancel it first.")),
    "media_missing": (404, _("That is no longer in your library.")),
    "reference_missing": (404, _("What it should start from is gone. Choose another.")),
    "file_missing": (404, _("The file is gone from the storage. Make it again.")),
    "name_empty": (422, _("Give it a name.")),
    "name_too_long": (422, _("The name is longer than %(limit)s characters.")),
    # Uploads
    "upload_empty": (422, _("The file is empty.")),
    "upload_too_large": (413, _("The file has %(size)s; %(limit)s are allowed.")),
    "upload_too_many_pixels": (422, _("The picture is larger than %(limit)s megapixels.")),
    "upload_not_an_image": (
        415,
        _("This is not a picture that can be read. Use PNG, JPEG or WebP."),
    ),
    "upload_broken": (422, _("The picture is damaged and cannot be read to its end.")),
    "upload_too_small": (422, _("The picture is smaller than %(limit)s pixels on one side.")),
    "upload_type_wrong": (415, _("The file is not what was announced: %(expected)s.")),
    "upload_checksum": (422, _("The file changed on its way. Send it again.")),
    "upload_link_invalid": (403, _("This upload link is not valid any more.")),
    # Workers and tokens
    "worker_token_invalid": (401, _("This worker token is not known, or it was revoked.")),
    "worker_version": (
        409,
        _("This worker is of release %(version)s, the site of %(site)s. Update the older one."),
    ),
    "worker_missing": (404, _("No worker can do this now.")),
    "worker_url": (422, _("The address of a worker starts with http:// or https://.")),
    "worker_replaced": (
        409,
        _("Another process came with this worker's token: one token is for one process."),
    ),
    "worker_disabled": (403, _("This worker was switched off by an operator.")),
    "scope_unknown": (422, _("A token can have the scopes %(choices)s.")),
    "session_needed": (403, _("Tokens are made by a person who signed in, not with a token.")),
    "scope_empty": (422, _("Choose at least one thing the token may do.")),
    "expiry_past": (422, _("The end must lie in the future.")),
    "email_invalid": (422, _("This is not an email address.")),
    "email_taken": (409, _("There is an account with this email address already.")),
    "time_zone_unknown": (422, _("“%(time_zone)s” is no time zone, e.g. Europe/Berlin.")),
    "language_unknown": (422, _("Choose one of the languages %(choices)s.")),
    "theme_unknown": (422, _("Choose one of the themes %(choices)s.")),
    "link_invalid": (410, _("This link was used or is too old. Sign in with your password.")),
}
