"""The page's side of the socket, in a real browser, with this test in the server's place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ourvidz.consumers import NOT_SIGNED_IN
from tests.site import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route, WebSocketRoute

SCRIPTS = Path(__file__).parents[2] / "ourvidz" / "static" / "ourvidz" / "js"
SITE = "http://feed.test"
# The policy of the real pages, as far as a socket and scripts go.
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"
RECORDER = """
window.heard = [];
for (const name of ["change", "moment", "gap", "state"])
  document.addEventListener(`feed:${name}`, ({ detail }) => window.heard.push([name, detail]));
"""


class FakeServer:
    """The server's end of the page's sockets, one after the other."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.head = 0
        self.document_head = 0
        self.answers = True
        self.sockets: list[WebSocketRoute] = []
        self.greetings: list[int | None] = []
        page.add_init_script(RECORDER)
        page.route(f"{SITE}/**", self.serve)
        page.route_web_socket(f"{SITE.replace('http', 'ws')}/ws/", self.accept)

    def serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if path.endswith(".js"):
            body = (SCRIPTS / path.removeprefix("/js/")).read_text()
            route.fulfill(body=body, content_type="text/javascript")
            return
        html = (
            "<!doctype html><html data-person=ada><title>feed</title>"
            "<script type=module src=/js/elements/live-feed.js></script>"
            f"<live-feed data-head={self.document_head}></live-feed>"
        )
        headers = {"Content-Security-Policy": POLICY}
        route.fulfill(body=html, content_type="text/html", headers=headers)

    def accept(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self.answer(socket, json.loads(text)))

    def answer(self, socket: WebSocketRoute, message: dict[str, Any]) -> None:
        assert message["type"] == "hello"
        self.greetings.append(message["head"])
        if self.answers:
            socket.send(json.dumps({"type": "hello", "head": self.head}))

    def say(self, **message: Any) -> None:
        self.sockets[-1].send(json.dumps(message))

    def change(self, seq: int) -> None:
        self.head = max(self.head, seq)
        self.say(type="change", seq=seq, event="profile.changed", ids={}, fields={})

    def open(self, head: int = 0) -> None:
        self.head = self.document_head = head
        self.page.goto(SITE)
        self.until("live")

    def until(self, state: str) -> None:
        self.page.wait_for_selector(f"live-feed[data-state={state}]", state="attached")

    def heard(self, *names: str) -> list[Any]:
        """What the document heard, without states unless asked for."""
        wanted = names or ("change", "moment", "gap")
        return [one for one in self.page.evaluate("window.heard") if one[0] in wanted]


@pytest.fixture
def server(browser: Browser) -> Iterator[FakeServer]:
    context = browser.new_context()
    context.set_default_timeout(10_000)
    errors: list[Any] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(error))
    yield FakeServer(page)
    context.close()
    assert errors == []


def expect(server: FakeServer, *expected: Any, names: tuple[str, ...] = ()) -> None:
    def come() -> bool:
        server.page.wait_for_timeout(20)
        return len(server.heard(*names)) >= len(expected)

    wait_until(come, 5, f"the page hears {expected}, not {server.heard(*names)}")
    got = [[name, detail.get("seq", detail)] for name, detail in server.heard(*names)]
    assert got == [list(one) for one in expected]


def test_changes_and_moments_reach_the_document(server: FakeServer) -> None:
    server.open(head=7)
    server.change(8)
    server.say(type="moment", event="job.progress", fields={"step": 1})
    server.change(9)
    moment = {"type": "moment", "event": "job.progress", "fields": {"step": 1}}
    expect(server, ("change", 8), ("moment", moment), ("change", 9))
    assert server.greetings == [7]
    assert server.page.evaluate("sessionStorage['ourvidz.head']") == "9"


def test_what_happened_before_the_socket_opened_is_a_gap(server: FakeServer) -> None:
    server.document_head, server.head = 3, 5
    server.page.goto(SITE)
    expect(server, ("gap", {"from": 3, "to": 5}))
    server.change(6)
    expect(server, ("gap", {"from": 3, "to": 5}), ("change", 6))


def test_changes_that_overtake_each_other_are_told_in_order(server: FakeServer) -> None:
    server.open()
    for seq in (2, 3, 1, 2):
        server.change(seq)
    expect(server, ("change", 1), ("change", 2), ("change", 3))
    server.page.wait_for_timeout(400)
    assert len(server.heard()) == 3


def test_a_lost_change_is_a_gap(server: FakeServer) -> None:
    server.open()
    server.change(2)
    expect(server, ("gap", {"from": 0, "to": 2}))
    server.change(3)
    expect(server, ("gap", {"from": 0, "to": 2}), ("change", 3))


def test_a_heartbeat_shows_what_was_lost(server: FakeServer) -> None:
    server.open(head=4)
    server.say(type="heartbeat", head=4)
    server.say(type="heartbeat", head=6)
    expect(server, ("gap", {"from": 4, "to": 6}))


def test_it_comes_back_and_catches_up(server: FakeServer) -> None:
    server.open(head=1)
    server.head = 4
    server.sockets[-1].close(code=1012)
    expect(server, ("gap", {"from": 1, "to": 4}))
    states = [detail["state"] for _, detail in server.heard("state")]
    assert states[-2:] == ["offline", "live"]
    assert server.greetings == [1, 1]


def test_it_fetches_after_a_loss_even_if_nothing_changed(server: FakeServer) -> None:
    """A fetch may have failed while the network was away."""
    server.open(head=1)
    server.sockets[-1].close(code=1012)
    expect(server, ("gap", {"from": 1, "to": 1}))


def test_it_keeps_trying_with_longer_pauses(server: FakeServer) -> None:
    page = server.page
    page.clock.install()
    server.open()

    def refuse(socket: WebSocketRoute) -> None:
        server.sockets.append(socket)
        socket.close(code=1012)

    page.route_web_socket("**/ws/", refuse)
    server.sockets[-1].close(code=1012)
    server.until("offline")
    tries = []
    for seconds in (2, 10, 60):
        before = len(server.sockets)
        for _ in range(seconds):
            page.clock.run_for(1000)
        tries.append((len(server.sockets) - before) / seconds)
    assert tries[0] > tries[-1] > 0


def test_a_silent_server_is_left(server: FakeServer) -> None:
    server.page.clock.install()
    server.open()
    server.page.clock.run_for(61_000)
    server.until("offline")
    server.page.clock.run_for(1_000)
    server.until("live")
    assert len(server.sockets) == 2


def test_it_asks_when_the_network_changes(server: FakeServer) -> None:
    server.page.clock.install()
    server.open()
    server.answers = False
    server.page.context.set_offline(True)
    wait_until(lambda: _asked(server, 2), 5, "the page asks whether the server is there")
    server.page.clock.run_for(9_000)
    server.until("offline")
    server.answers = True
    server.page.context.set_offline(False)
    server.until("live")


def _asked(server: FakeServer, times: int) -> bool:
    server.page.wait_for_timeout(20)
    return len(server.greetings) >= times


def test_a_restored_database_is_followed(server: FakeServer) -> None:
    server.open(head=50)
    server.head = 2
    server.sockets[-1].close(code=1012)
    expect(server, ("gap", {"from": 50, "to": 2}))
    server.change(3)
    expect(server, ("gap", {"from": 50, "to": 2}), ("change", 3))


def test_a_page_that_the_browser_kept_is_fetched_again(server: FakeServer) -> None:
    server.open(head=5)
    server.change(6)
    server.answers = False
    server.page.reload()
    expect(server, ("gap", {"from": 5, "to": 6}))


def test_signing_out_shows_the_sign_in_once(server: FakeServer) -> None:
    server.open()
    loads: list[str] = []
    server.page.on("load", lambda page: loads.append(page.url))
    for _ in range(2):
        sockets = len(server.sockets)
        server.sockets[-1].close(code=NOT_SIGNED_IN)
        comes_back: Callable[[], bool] = lambda n=sockets: _opened(server, n)  # noqa: E731
        wait_until(comes_back, 5, "the page opens a socket again")
    assert len(loads) == 1


def _opened(server: FakeServer, before: int) -> bool:
    server.page.wait_for_timeout(20)
    return len(server.sockets) > before
