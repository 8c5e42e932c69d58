"""The workspace's page and its fragments: who may ask, what a page holds, how many queries it
costs. Not for what a browser makes of it: see tests/browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import User
from jobs.models import Job, Preset
from jobs.presets import sync_presets
from ourvidz import feed, rows
from ourvidz.models import uuid7
from ourvidz.numbers import written
from workspace import services, views
from workspace.cards import Batch, Card
from workspace.models import WorkspaceItem, WorkspaceSession
from workspace.pages import GROUPS, PAGE

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true", "HX-Current-URL": "http://testserver/workspace/"}


@pytest.fixture(autouse=True)
def presets(db: None, empty_redis: None) -> None:
    with rows.as_service("test data"):
        sync_presets()


@pytest.fixture
def session(user: User) -> WorkspaceSession:
    with rows.as_user(user):
        return services.active_session(user)


@pytest.fixture
def client(user: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(user)


def make_batches(session: WorkspaceSession, count: int, size: int = 4) -> list[Any]:
    """Rows of finished items, the oldest first; returns the ids of the batches."""
    batches = [uuid7() for _ in range(count)]
    with rows.as_service("test data"):
        WorkspaceItem.objects.bulk_create(
            WorkspaceItem(
                session=session,
                user_id=session.user_id,
                prompt=f"picture {number}",
                content_type="image",
                model_type="starter-fast",
                batch_id=batch,
                batch_index=index,
                seed=number * 10 + index,
                url=f"/media/{batch}/original",
                generation_params={"width": 256, "height": 256, "steps": 24},
            )
            for number, batch in enumerate(batches)
            for index in range(size)
        )
    return batches


def cards_in(answer: Any) -> list[str]:
    rows, _end, _pattern = answer.content.decode().partition("</main>")
    return re.findall(r'data-item="([^"]+)"', rows)


def rows_in(answer: Any) -> dict[bool, list[str]]:
    """The ids of the rows of a page: those that are drawn, and those that are frames only."""
    tags = re.findall(r'<section class="batch" id="batch-([^"]+)"([^>]*)>', answer.content.decode())
    return {
        is_drawn: [batch for batch, more in tags if ("data-hollow" not in more) == is_drawn]
        for is_drawn in (True, False)
    }


def generate(client: Client, session: WorkspaceSession, **changes: Any) -> Any:
    form = {
        "session": session.pk,
        "prompt": "a castle",
        "preset": "starter-fast",
        "count": "2",
        "shape.starter-fast": "256x256",
        "seed_kind": "random",
        "p.steps": "12",
        "p.guidance": "3.5",
        "p.negative_prompt": "",
        "key": "",
    }
    return client.post("/workspace/generate", form | changes, headers=FRAGMENT)


def test_a_newcomer_is_invited(client: Client) -> None:
    answer = client.get("/workspace/")
    assert answer.status_code == 200
    assert b"What would you like to see?" in answer.content
    assert cards_in(answer) == []


def test_without_an_account_there_is_only_the_way_in(session: WorkspaceSession) -> None:
    nobody = Client()
    assert nobody.get("/workspace/").url.startswith("/accounts/login/?next=/workspace/")
    answer = nobody.get(f"/workspace/{session.pk}/batches", headers=FRAGMENT)
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/accounts/login/?next=/workspace/"


def test_what_is_of_others_is_not_there(
    session: WorkspaceSession, other_user: User, client_of: Callable[[User], Client]
) -> None:
    make_batches(session, 1)
    with rows.as_service("test"):
        item = WorkspaceItem.objects.first()
    other = client_of(other_user)
    for path in (f"{session.pk}/", f"{session.pk}/batches", f"{session.pk}/title"):
        assert other.get(f"/workspace/{path}").status_code == 404
    assert other.get(f"/workspace/items/{item.pk}/card").status_code == 404
    assert cards_in(other.get("/workspace/cards", {"item": item.pk})) == []
    for act in ("save", "delete", "restore", "cancel", "regenerate", "retry"):
        assert other.post(f"/workspace/items/{item.pk}/{act}").status_code == 404
    for act in ("clear", "rename", "restore"):
        assert other.post(f"/workspace/{session.pk}/{act}").status_code == 404
    assert generate(other, session).status_code == 404


def test_a_prompt_becomes_a_row_of_cards(
    client: Client, user: User, session: WorkspaceSession
) -> None:
    answer = generate(client, session)
    assert answer.status_code == 200
    assert len(cards_in(answer)) == 2
    with rows.as_user(user):
        job = Job.objects.for_user(user).first()
    wanted = {"width": 256, "height": 256, "steps": 12, "guidance": 3.5, "negative_prompt": ""}
    assert wanted.items() <= job.parameters.items()


def test_the_row_is_drawn_when_what_was_asked_for_is_told(
    client: Client, user: User, session: WorkspaceSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker need not wait for the drawing. It is in the person's language all the same."""
    with rows.as_user(user):
        user.profile.language = "de"
        user.profile.save()
        told, drawing = [feed.head(user.pk)], views.batch_context

    def drawn(*given: Any) -> dict[str, Any]:
        told.append(feed.head(user.pk))
        return drawing(*given)

    monkeypatch.setattr(views, "batch_context", drawn)
    answer = generate(client, session)
    assert told[0] < told[1]
    assert "Abbrechen" in answer.content.decode()
    assert answer.headers["Content-Language"] == "de"


def test_several_cards_come_in_one_answer(
    client: Client, user: User, session: WorkspaceSession
) -> None:
    make_batches(session, 2, size=2)
    with rows.as_user(user):
        items = [str(item.pk) for item in WorkspaceItem.objects.for_user(user)]
    with CaptureQueriesContext(connection) as several:
        answer = client.get("/workspace/cards", {"item": [*items[1:], str(uuid7()), "none"]})
    assert sorted(cards_in(answer)) == sorted(items[1:])
    with CaptureQueriesContext(connection) as one:
        client.get(f"/workspace/items/{items[0]}/card")
    assert len(several) <= len(one)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": "  "}, "prompt"),
        ({"prompt": "a" * 3001}, "prompt"),
        ({"prompt": "a\x00b"}, "prompt"),
        ({"preset": "none"}, "preset"),
        ({"count": "0"}, "count"),
        ({"count": "many"}, "count"),
        ({"p.steps": "1000"}, "steps"),
        ({"p.steps": "twelve"}, "steps"),
        ({"p.guidance": "nan"}, "guidance"),
        ({"shape.starter-fast": "257x256"}, "width"),
        ({"shape.starter-fast": "large"}, "shape"),
        ({"seed_kind": "fixed", "seed": "-1"}, "seed"),
        ({"seed_kind": "fixed", "seed": "9" * 5000}, "seed"),
    ],
)
def test_what_cannot_be_made_is_refused_at_its_field(
    client: Client, user: User, session: WorkspaceSession, changes: dict[str, str], field: str
) -> None:
    answer = generate(client, session, **changes)
    assert answer.status_code == 422
    assert f'data-field="{field}"' in answer.content.decode()
    with rows.as_user(user):
        assert not Job.objects.for_user(user).exists()


def test_hostile_words_are_only_words(client: Client, session: WorkspaceSession) -> None:
    answer = generate(client, session, prompt='<script>alert("1")</script>').content.decode()
    assert "<script>" not in answer
    assert "&lt;script&gt;" in answer


def test_pages_are_whole_batches_and_lead_to_older_ones(
    client: Client, session: WorkspaceSession
) -> None:
    make_batches(session, 20, size=5)
    seen: list[str] = []
    url = f"/workspace/{session.pk}/batches"
    while url:
        answer = client.get(url)
        found = cards_in(answer)
        assert len(found) % 5 == 0
        seen += found
        older = re.search(r'hx-get="([^"]+)"', answer.content.decode())
        url = older[1] if older else ""
    assert len(seen) == len(set(seen)) == 100


def test_a_page_that_catches_up_keeps_what_it_had(
    client: Client, session: WorkspaceSession
) -> None:
    make_batches(session, 40, size=4)
    assert len(cards_in(client.get(f"/workspace/{session.pk}/batches"))) <= PAGE
    answer = client.get(f"/workspace/{session.pk}/batches?loaded=120")
    assert len(cards_in(answer)) == 120


def test_a_page_draws_the_rows_in_view_first(client: Client, session: WorkspaceSession) -> None:
    newest_first = make_batches(session, 20, size=1)[::-1]
    drawn, hollow = [rows_in(client.get("/workspace/"))[state] for state in (True, False)]
    assert [*drawn, *hollow] == [str(batch) for batch in newest_first]
    assert 4 <= len(drawn) <= 10
    at = str(newest_first[12])
    assert at in rows_in(client.get(f"/workspace/?at={at}"))[True]
    assert str(newest_first[0]) in rows_in(client.get(f"/workspace/?at={at}"))[False]
    assert rows_in(client.get("/workspace/?at=x"))[True] == drawn
    # Without scripts there is a way to the rest.
    assert 'href="?whole"' in client.get("/workspace/").content.decode()
    assert not rows_in(client.get("/workspace/?whole"))[False]


def test_rows_are_fetched_by_name(client: Client, session: WorkspaceSession) -> None:
    one, _other, third = make_batches(session, 3)
    answer = client.get(f"/workspace/{session.pk}/batches?batch={third}&batch={one}&batch=x")
    assert rows_in(answer) == {True: [str(third), str(one)], False: []}


def test_a_page_that_resumes_a_session_knows_of_it(
    client: Client, session: WorkspaceSession, user: Any
) -> None:
    client.post(f"/workspace/{session.pk}/leave")
    answer = client.get("/workspace/", headers={"Accept": "text/html"})
    with rows.as_service("test"):
        head = feed.head(user.pk)
    assert f'data-head="{head}"' in answer.content.decode()


@pytest.mark.parametrize("query", ["before=x", "before=2026-01-01_x", "loaded=-3", "batch=x"])
def test_a_strange_query_is_no_error(client: Client, session: WorkspaceSession, query: str) -> None:
    assert client.get(f"/workspace/{session.pk}/batches?{query}").status_code == 200


def test_the_number_of_queries_does_not_grow(client: Client, session: WorkspaceSession) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/workspace/").status_code == 200
        return len(captured)

    make_batches(session, 1)
    queries()  # this process may have to read the presets first
    few = queries()
    make_batches(session, 30)
    assert queries() == few
    assert few <= 22


def test_settings_are_told_in_the_readers_language() -> None:
    with rows.as_service("test data"):
        preset = Preset.objects.get(slug="starter-fast")
    given = {"steps": 12, "guidance": 3.5}
    item = WorkspaceItem(prompt="a boat", content_type="image", generation_params=given)
    batch = Batch([Card(item)], preset)
    assert batch.settings == ["Steps 12", "Guidance 3.5"]
    with translation.override("de"):
        assert batch.settings == ["Schritte 12", "Führung 3,5"]
        assert [written(each) for each in (3.0, 0.85, 1200, "euler")] == [
            "3",
            "0,85",
            "1200",
            "euler",
        ]


def test_a_batch_tells_its_settings() -> None:
    items = [
        WorkspaceItem(
            batch_index=index,
            seed=1540327691 + index,
            prompt="a boat",
            model_type="starter-fast",
            content_type="image",
            generation_params={"width": 304, "height": 208, "steps": 12},
        )
        for index in range(4)
    ]
    batch = Batch([Card(item) for item in items], None)
    assert batch.seeds == "seeds 1540327691–94"
    assert batch.size == "304 × 208"
    assert json.loads(batch.use_all) == {
        "content_type": "image",
        "preset": "starter-fast",
        "prompt": "a boat",
        "count": 4,
        "shape": "304x208",
        "references": [],
        "p.steps": 12,
        "seed_kind": "fixed",
        "seed": 1540327691,
    }
    assert json.loads(batch.use_remix)["seed_kind"] == "random"


def test_many_are_deleted_and_brought_back(
    client: Client, user: User, session: WorkspaceSession
) -> None:
    make_batches(session, 1)
    with rows.as_user(user):
        ids = [str(pk) for pk in session.items.values_list("pk", flat=True)[:3]]
    form = {"act": "delete", "items": ",".join([*ids, "x"])}
    answer = client.post("/workspace/items/many", form, headers=FRAGMENT)
    assert len(cards_in(client.get("/workspace/"))) == 1
    undo = json.loads(answer["HX-Trigger"])["toast:undo"]["url"]
    client.post(undo)
    assert len(cards_in(client.get("/workspace/"))) == 4


def test_many_are_saved_all_or_none(client: Client, user: User, session: WorkspaceSession) -> None:
    make_batches(session, 1)
    with rows.as_user(user):
        ids = [str(pk) for pk in session.items.values_list("pk", flat=True)]
    form = {"act": "save", "items": ",".join(ids)}
    answer = client.post("/workspace/items/many", form, headers=FRAGMENT)
    assert answer.status_code == 409
    with rows.as_user(user):
        assert not session.items.filter(status="saved").exists()


def test_unknown_words_are_named(client: Client, tmp_path: Any, settings: Any) -> None:
    folder = tmp_path / "workers/gpu/starter/image"
    folder.mkdir(parents=True)
    words = {"things": [{"word": "castle"}], "connectives": ["a", "in", "the"]}
    (folder / "words.json").write_text(json.dumps(words))
    settings.BASE_DIR = tmp_path
    answer = client.get("/workspace/words", {"preset": "starter-fast", "prompt": "a dragon castle"})
    assert "<b>dragon</b>" in answer.content.decode()
    answer = client.get("/workspace/words", {"preset": "starter-fast", "prompt": "the castle"})
    assert answer.content.strip() == b""


def test_sizes_that_a_model_knows_are_listed_with_its_words(
    client: Client, tmp_path: Any, settings: Any
) -> None:
    folder = tmp_path / "workers/gpu/starter/image"
    folder.mkdir(parents=True)
    words = {"things": [{"word": "castle"}], "sizes": [{"word": "big", "score": 0.9}]}
    (folder / "words.json").write_text(json.dumps(words))
    settings.BASE_DIR = tmp_path
    page = client.get("/workspace/").content.decode()
    assert '<p class="menu__heading">Sizes</p>' in page
    assert 'data-word="big"' in page
    with translation.override("de"):
        assert str(dict(GROUPS)["sizes"]) == "Größen"


def test_a_reload_brings_as_many_as_there_were(client: Client, session: WorkspaceSession) -> None:
    make_batches(session, 30)
    assert len(cards_in(client.get("/workspace/"))) == PAGE
    assert len(cards_in(client.get("/workspace/?loaded=100"))) == 100
    assert len(cards_in(client.get("/workspace/?loaded=x"))) == PAGE
