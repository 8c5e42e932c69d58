"""Whole journeys on a phone and on a desk: batch, compare, keep two of four; cancel and try again;
the network lost and found while a job runs; the bin and the way back; and what cannot be used, with
an answer beside the field. Single steps are tested in the other files.
"""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from django.db import connection
from PIL import Image
from playwright.sync_api import Page, expect

from ourvidz.rows import as_service, as_user
from tests.browser.hand import Hand
from tests.browser.live import assert_page_equals_fresh
from tests.browser.test_starting import give_file, png
from tests.browser.test_workspace import PHONE, generate, status
from workspace.services import delete_session

DESK = {"width": 1440, "height": 900}
MANY = 100_000
FILL = """
    INSERT INTO media (id, user_id, content_type, prompt, negative_prompt, title, relation,
      model_type, quality, seed, generation_params, metadata, created_at, storage_path,
      bucket_name, storage_place, url, thumbnail_url, mime_type, sha256, width, height, thumbhash)
    SELECT gen_random_uuid(), %s, 'image', 'a castle in the snow number ' || n, '', '', '',
      'starter-fast', 'fast', n, '{}', '{}', now() - n * interval '1 minute', '', '', 'primary',
      '', '', 'image/png', '', 256, 256, ''
    FROM generate_series(1, %s) n
"""


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def sized(workspace: Page, request: pytest.FixtureRequest) -> Page:
    workspace.set_viewport_size(request.param)
    return workspace


def made(page: Page, hand: Hand, count: int) -> Any:
    cards = generate(page, count=count)
    for _ in range(count):
        hand.deliver(hand.take())
    for number in range(count):
        status(cards.nth(number), "generated")
    return cards


def test_four_are_made_two_compared_and_kept_and_that_undone(sized: Page, hand: Hand) -> None:
    cards = made(sized, hand, 4)
    for number in (1, 2):
        cards.nth(number).focus()
        sized.keyboard.press("Space")
    sized.get_by_role("button", name="Compare", exact=True).click()
    expect(sized.locator("compare-slider img")).to_have_count(2)
    sized.keyboard.press("Escape")
    sized.get_by_role("button", name="Save all").click()
    expect(sized.locator('.card[data-status="saved"]')).to_have_count(2)
    sized.get_by_role("button", name="Undo").click()
    expect(sized.locator('.card[data-status="saved"]')).to_have_count(0)
    assert_page_equals_fresh(sized)


def test_canceled_and_tried_again(sized: Page, hand: Hand) -> None:
    card = generate(sized).first
    job = hand.take()
    expect(card).to_have_attribute("data-job-status", "running")
    card.get_by_role("button", name="Cancel").click()
    expect(card.get_by_role("button", name="Cancel")).to_be_disabled()
    hand.cancel(job)
    card.get_by_role("button", name="Try again").click()
    again = hand.take()
    assert again["seed"] == job["seed"]
    hand.deliver(again)
    status(sized.get_by_role("article").first, "generated")


def test_the_network_is_lost_and_found_while_a_job_runs(sized: Page, hand: Hand) -> None:
    prompt = sized.get_by_label("Prompt", exact=True)
    card = generate(sized).first
    job = hand.take()
    expect(card).to_have_attribute("data-job-status", "running")
    sized.context.set_offline(True)
    sized.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(sized.locator("offline-banner")).to_be_visible()
    prompt.fill("written while away")
    hand.deliver(job)
    sized.context.set_offline(False)
    status(card, "generated")
    expect(sized.locator("offline-banner")).to_be_hidden()
    expect(prompt).to_have_value("written while away")


def test_the_bin_and_the_way_back(sized: Page, hand: Hand) -> None:
    cards = made(sized, hand, 2)
    cards.first.focus()
    sized.keyboard.press("Delete")
    expect(cards).to_have_count(1)
    sized.keyboard.press("Control+z")
    expect(cards).to_have_count(2)
    sized.goto("/workspace/bin/", wait_until="load")
    expect(sized.get_by_text("The bin is empty")).to_be_visible()


def test_a_session_deleted_elsewhere_is_made_again_with_the_draft(sized: Page, user: Any) -> None:
    prompt = sized.get_by_label("Prompt", exact=True)
    prompt.fill("an unfinished thought")
    gone = sized.locator("batch-list").get_attribute("data-session")
    with as_user(user):
        delete_session(user=user, session_id=uuid.UUID(gone))
    sized.locator(f'batch-list:not([data-session="{gone}"])').wait_for(state="attached")
    expect(prompt).to_have_value("an unfinished thought")


def test_what_cannot_be_used_is_said_and_nothing_is_lost(workspace: Page, hand: Hand) -> None:
    prompt = workspace.get_by_label("Prompt", exact=True)
    errors = workspace.locator("#dock-errors")
    prompt.fill("a boat")
    photo = io.BytesIO()
    Image.new("L", (8000, 5000)).convert("RGB").save(photo, "JPEG", quality=20)
    for name, kind, data in (
        ("photo.heic", "image/heic", b"\x00\x00\x00\x18ftypheic" + bytes(2000)),
        ("words.png", "image/png", b"only words"),
        ("hour.mp4", "video/mp4", bytes(3000)),
    ):
        give_file(workspace, "drop", name, kind, data)
        expect(errors).not_to_be_empty()
        expect(workspace.locator(".given")).to_have_count(0)
        workspace.evaluate("document.querySelector('#dock-errors').replaceChildren()")
    give_file(workspace, "drop", "large.jpg", "image/jpeg", photo.getvalue())
    expect(workspace.locator(".given")).to_have_count(1)
    workspace.get_by_role("button", name="Remove this picture").click()
    for _ in range(2):
        give_file(workspace, "drop", "sea.png", "image/png", png())
        expect(workspace.get_by_role("img", name="sea.png").first).to_be_visible()
    expect(prompt).to_have_value("a boat")
    prompt.fill("a" * 100_000)
    workspace.get_by_role("button", name="Generate", exact=True).click()
    expect(errors).to_contain_text("100000 characters")
    assert len(prompt.input_value()) == 100_000
    expect(workspace.get_by_role("article")).to_have_count(0)


def test_one_among_a_hundred_thousand_is_found(workspace: Page, user: Any) -> None:
    with as_service("test data"), connection.cursor() as cursor:
        cursor.execute(FILL, [user.pk, MANY])
    for size in (PHONE, DESK):
        workspace.set_viewport_size(size)
        workspace.goto("/library/", wait_until="load")
        expect(workspace.get_by_role("article").first).to_be_visible()
        workspace.get_by_label("Search", exact=True).fill("castle 77777")
        expect(workspace.get_by_role("article")).to_have_count(1)
        workspace.get_by_label("Search", exact=True).fill("seed:4711")
        found = workspace.get_by_role("article", name="a castle in the snow number 4711")
        expect(found).to_be_visible()
