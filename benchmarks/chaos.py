"""Whether anything is lost, doubled or told wrong while everything breaks: jobs stream in over HTTP
while GPU processes, web, control worker and scheduler are killed, Redis and PostgreSQL crash, the
storage refuses, fills up and stalls, a worker is cut off and comes back late, and the broker
doubles or loses every message. Run: python -m benchmarks.chaos [minutes] [folder] (0 minutes: one
short round; folder: results are kept in one, and so travel with the reports of several jobs)
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from random import Random
from typing import Any

import httpx

from benchmarks._chaos_site import Site
from benchmarks._verdict import unfinished, verdict, wrong
from benchmarks._witness import cards, lies, witness

MINUTES = 6.0
SEED = 11
# Seconds between two requests, of each of a few people and of one who watches; every so many, one
# is canceled.
CROWD, CROWD_EVERY, WITNESS_EVERY, CANCEL_EVERY = 2, 0.4, 6.0, 9
# A few, so that some are alike and made together.
STEPS = (5, 30, 60)
SETTLE_SECONDS = 240.0
# Small ones of our own, by what they are made of; a fifth of what is asked for are videos.
PRESETS = {"chaos-image": "starter-fast", "chaos-video": "starter-video"}
SHARES = (4, 1)
# Longer than a worker tries a store before it turns to the fallback, and than a lease.
STORE_SECONDS, CUT_OFF_SECONDS = 14.0, 12.0


class Crowd:
    """Somebody who goes on asking for pictures, whatever the server does."""

    def __init__(self, url: str, secret: str, every: float) -> None:
        self.every = every
        self.client = httpx.Client(
            base_url=f"{url}/api/v1/", headers={"Authorization": f"Bearer {secret}"}, timeout=8
        )
        self.random, self.over = Random(SEED), threading.Event()
        self.accepted: set[str] = set()
        self.refused: list[str] = []
        self.thread = threading.Thread(target=self._ask_on, daemon=True)

    def _ask_on(self) -> None:
        number = 0
        while not self.over.wait(self.every):
            number += 1
            answer = self._queue()
            if number % CANCEL_EVERY == 0 and answer:
                self._patiently("POST", f"jobs/{answer['jobs'][0]['id']}/cancel", {})

    def _queue(self) -> dict[str, Any]:
        key = uuid.uuid4().hex
        body = {
            "prompt": "a castle in the snow",
            "preset": self.random.choices(list(PRESETS), SHARES)[0],
            "destination": self.random.choice(["library", "workspace", "workspace"]),
            "parameters": {"steps": self.random.choice(STEPS)},
        }
        answer = self._patiently("POST", "jobs", body, key)
        if answer:
            self.accepted.add(key)
        return answer

    def _patiently(self, method: str, path: str, body: Any, key: str = "") -> dict[str, Any]:
        """Ask again until there is an answer, as a good client does: with the same key."""
        while True:
            try:
                found = self.client.request(
                    method, path, json=body, headers={"Idempotency-Key": key} if key else {}
                )
            except httpx.HTTPError:
                found = None
            if found is not None and found.is_success:
                return found.json()
            if found is not None and found.status_code < 500 and found.status_code != 429:
                self.refused.append(f"{path}: {found.status_code} {found.text[:200]}")
                return {}
            if self.over.wait(0.5):
                return {}

    def stop(self) -> None:
        """Ask for no more."""
        self.over.set()
        self.thread.join()


Fault = tuple[str, Callable[[], None]]


def one_round(site: Site, random: Random, short: bool) -> list[Fault]:
    """Every fault once, each with what it does; it ends mended. A short round has fewer."""
    everything = [name for name in site.commands if name != "store"]
    kills = ["ringing-0", "polling-0", "web", "control"] if short else everything
    # Some longer than a lease.
    outage = 4.0 if short else 9.0
    return [
        *((f"kill {name}", partial(site.kill, name)) for name in kills),
        ("Redis crashes", lambda: site.restart_redis(random.uniform(0.5, outage))),
        ("PostgreSQL crashes", lambda: site.restart_postgres(random.uniform(0.5, outage))),
        *_of_stores(site, short),
        ("a worker is cut off", partial(_line, site.web_line, "stall", CUT_OFF_SECONDS)),
        *((f"messages: {mode}", partial(_bells, site, mode, 4)) for mode in ("double", "lose")),
    ]


def _of_stores(site: Site, short: bool) -> list[Fault]:
    """The first store breaks in every way that it can; then both refuse."""
    seconds = 3.0 if short else STORE_SECONDS
    modes = ["refuse"] if short or site.in_folder else ["refuse", "full", "stall"]
    acts: list[Fault] = [
        (f"storage: {mode}", partial(_first_store, site, mode, seconds)) for mode in modes
    ]
    return acts if short else [*acts, ("both stores refuse", partial(_no_store, site, seconds))]


def _line(line: Any, mode: str, seconds: float) -> None:
    line.mode = mode
    time.sleep(seconds)
    line.mode = "pass"


def _first_store(site: Site, mode: str, seconds: float) -> None:
    if not site.in_folder:
        _line(site.store_line, mode, seconds)
        return
    with site.blocked("STORAGE_DIR"):
        time.sleep(seconds)


def _no_store(site: Site, seconds: float) -> None:
    with site.blocked("STORAGE_ALTERNATIVE_DIR"):
        _first_store(site, "refuse", seconds)


def _bells(site: Site, mode: str, seconds: float) -> None:
    site.bells(mode)
    time.sleep(seconds)
    site.bells("")


def break_things(site: Site, minutes: float) -> int:
    """Let one fault follow the other for so long, each once at least; how many there were. Without
    minutes: one short round.
    """
    random, count = Random(SEED), 0
    deadline = time.monotonic() + minutes * 60
    while not count or time.monotonic() < deadline:
        for name, act in one_round(site, random, short=not minutes):
            print(f"{time.strftime('%H:%M:%S')} {name}", file=sys.stderr, flush=True)
            act()
            count += 1
            site.watch()
            time.sleep(random.uniform(0.2, 1.5))
    return count


def settle(site: Site) -> None:
    """Wait until every job has ended, in peace."""
    from django.db import connections

    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        site.watch()
        connections.close_all()
        left = unfinished()
        if not left:
            return
        print(f"{left} jobs are left", file=sys.stderr, flush=True)
        time.sleep(2)


def prepare_presets() -> None:
    """Make presets of small pictures and videos, of as many steps as we like."""
    from jobs.models import Preset
    from ourvidz.rows import as_service

    with as_service("chaos"):
        for slug, source in PRESETS.items():
            small = Preset.objects.get(slug=source)
            small.pk, small._state.adding = uuid.uuid4(), True
            small.slug = small.name = slug
            small.parameters = [_narrow(entry) for entry in small.parameters]
            small.save()


def _narrow(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["name"] in ("width", "height"):
        return entry | {"min": 64, "max": 64, "default": 64}
    return entry | {"min": 1, "max": 200} if entry["name"] == "steps" else entry


def person(name: str) -> tuple[Any, str]:
    """Make a person; returns it with an API token."""
    from accounts.models import User
    from accounts.services import issue_token
    from benchmarks._crowd import PASSWORD
    from ourvidz.rows import as_service

    with as_service("chaos"):
        user = User.objects.create_user(f"{name}@example.org", PASSWORD)
        return user, issue_token(user=user, name="chaos", scopes=["read", "write"])[1]


def _people(
    site: Site, stack: ExitStack, *, watched: bool
) -> tuple[list[Crowd], Callable[[], dict[str, int]]]:
    """People who ask for pictures, and what the one who watches has seen at the end."""
    secrets = [person(f"crowd-{number}")[1] for number in range(CROWD)]
    crowd = [Crowd(site.url, secret, CROWD_EVERY) for secret in secrets]
    if not watched:
        return crowd, dict
    user, secret = person("witness")
    page = stack.enter_context(witness(site, user))
    crowd.append(Crowd(site.url, secret, WITNESS_EVERY))
    return crowd, lambda: {"cards": cards(page), "!page differs from a fresh one": lies(page)}


def run(minutes: float, in_folder: bool = False) -> dict[str, int]:
    """Do all of it; the counts. Without minutes: a short round that nobody watches."""
    site = Site(polling=1, ringing=2, in_folder=in_folder)
    try:
        site.start()
        from django.db import connections

        prepare_presets()
        with ExitStack() as stack:
            crowd, seen = _people(site, stack, watched=bool(minutes))
            began = time.monotonic()
            for each in crowd:
                each.thread.start()
            found = {"faults": break_things(site, minutes)}
            for each in crowd:
                each.stop()
            settle(site)
            found |= {"seconds": round(time.monotonic() - began)}
            found |= seen()
        site.stop_workers()
        # Of before the browser came: they have not survived.
        connections.close_all()
        found |= verdict(set().union(*(each.accepted for each in crowd)))
        refused = [line for each in crowd for line in each.refused]
        print(*refused, sep="\n", file=sys.stderr)
        found |= {"!requests refused": len(refused)}
        if wrong(found):
            site.keep_logs()
        return found
    finally:
        site.stop()


def main(arguments: list[str]) -> int:
    """Print the counts as one JSON line; 1 where something is wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    found = run(float(arguments[0]) if arguments else MINUTES, "folder" in arguments)
    met = not wrong(found)
    claim = "nothing is lost, doubled or told wrong while everything breaks"
    line = {"claim": claim, "value": sum(wrong(found).values()), "unit": "wrong", "goal": "<= 0"}
    print(json.dumps(line | {"met": met, "counts": found}, ensure_ascii=False), flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
