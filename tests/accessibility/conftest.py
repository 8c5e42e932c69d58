"""A site with something on every page: a workspace with a row in each state, a library, projects,
references, both bins, tokens, models. One browser context, signed in, looks at all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from accounts.services import issue_token
from jobs.models import Job
from jobs.presets import sync_presets
from jobs.services import queue_job
from jobs.specs import JobSpec
from library.models import Media, Project
from library.references import add_reference
from library.services import create_project, delete_media, move_media, star_media
from ourvidz import rows
from tests.browser.hand import Hand
from tests.library.factories import picture_of
from tests.site import LiveSite
from workers.models import WorkerUrl
from workspace.models import WorkspaceItem
from workspace.services import delete_item, save_workspace_item_to_library

PATIENCE = 40_000  # milliseconds; a busy machine is slow, not wrong
EXAMPLES = Path(__file__).resolve().parents[2] / "ourvidz" / "static" / "ourvidz" / "examples"
PROMPT = "a castle in the snow at sunset"


@dataclass(frozen=True)
class Furnished:
    """A site, whose it is, and what was put there."""

    site: LiveSite
    person: Any
    project: Project
    media: Media
    worker: WorkerUrl

    @property
    def places(self) -> dict[str, Any]:
        """What addresses of single pages are filled with."""
        return {name: getattr(self, name).pk for name in ("project", "media", "worker")}


def examples() -> list[tuple[str, Image.Image]]:
    """Return the prompts and pictures that an empty workspace shows, which a model made."""
    files = sorted(EXAMPLES.glob("*.webp"))
    return [(path.stem.replace("-", " "), Image.open(path).convert("RGB")) for path in files]


@pytest.fixture
def furnished(live_site: LiveSite, staff: Any) -> Furnished:
    """The site of an operator, who sees every page that there is."""
    with rows.as_service("test data"):
        sync_presets()
    _fill_workspace(live_site, staff)
    return _fill_library(live_site, staff)


@pytest.fixture
def room(furnished: Furnished, browser: Browser, client_of: Any) -> Iterator[Page]:
    """A page of somebody who is signed in."""
    yield from _page(furnished.site, browser, client_of(furnished.person))


@pytest.fixture
def porch(live_site: LiveSite, browser: Browser) -> Iterator[Page]:
    """A page of a stranger."""
    yield from _page(live_site, browser, None)


def _page(site: LiveSite, browser: Browser, client: Any) -> Iterator[Page]:
    context = browser.new_context(base_url=site.url, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    if client:
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
    yield context.new_page()
    context.close()


def _fill_workspace(site: LiveSite, person: Any) -> None:
    """A row of finished ones, of which one is saved and one thrown away; one that failed; one that
    runs and two that wait."""
    hand = Hand(site)
    session = _queue(person, PROMPT, 4)[0].workspace_session_id
    for _prompt, picture in examples()[:4]:
        hand.deliver(hand.take(), picture)
    with rows.as_user(person):
        items = list(WorkspaceItem.objects.for_user(person).order_by("created_at"))
        save_workspace_item_to_library(user=person, item_id=items[0].pk)
        delete_item(user=person, item_id=items[3].pk)
    _queue(person, "a rocket in space", 1, session)
    hand.fail(hand.take(), "out_of_memory")
    _queue(person, "a fox in the forest", 3, session)
    hand.step(hand.take(), 4)


def _queue(person: Any, prompt: str, count: int, session: Any = None) -> list[Job]:
    spec = JobSpec(
        prompt=prompt,
        preset="starter-fast",
        count=count,
        destination="workspace",
        session_id=session,
    )
    with rows.as_user(person):
        return queue_job(user=person, spec=spec)


def _fill_library(site: LiveSite, person: Any) -> Furnished:
    media = [picture_of(person, prompt, picture=made, seed=1200) for prompt, made in examples()]
    file = sorted(EXAMPLES.glob("*.webp"))[2]
    with rows.as_user(person):
        project = create_project(user=person, name="Forest tales")
        move_media(user=person, media_ids=[each.pk for each in media[:3]], project_id=project.pk)
        star_media(user=person, media_ids=[media[0].pk], starred=True)
        delete_media(user=person, media_ids=[media[5].pk])
        add_reference(user=person, upload=SimpleUploadedFile(file.name, file.read_bytes()))
        issue_token(user=person, name="Nightly script", scopes=["read"])
    with rows.as_service("test data"):
        worker = WorkerUrl.objects.get()
    return Furnished(site, person, project, media[0], worker)
