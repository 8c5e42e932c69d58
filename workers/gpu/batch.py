"""Jobs that the server gave together, made at once where they can be: the same preset, size and
steps, from words alone. A seed means the same picture as alone, but for rounding (up to 2/255);
a job that asks for `exact` is made alone. Not for which jobs the server gives together.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import ExitStack

from .decoding import Result, Undecoded
from .errors import Canceled
from .families import family
from .making import Ending, Making
from .progress import INTERVAL, Reports, Step


def endings(makings: list[Making]) -> list[Ending]:
    """Make all jobs, whatever happens; how each ended, in the same order."""
    ready = [making for making in makings if making.prepared()]
    for group in groups(ready):
        if len(group) == 1:
            group[0].finish()
        else:
            Together(group).finish()
    return [making.made for making in makings]


def groups(makings: Iterable[Making]) -> list[list[Making]]:
    """Those that can share a batch, in the order of their first."""
    found: dict[Hashable, list[Making]] = {}
    makings = list(makings)
    if len(makings) == 1:
        # Alone, whatever it is: its family need not be imported to find that out.
        return [makings]
    for making in makings:
        found.setdefault(likeness(making), []).append(making)
    return list(found.values())


def likeness(making: Making) -> Hashable:
    """Equal for jobs that can be made at once, and like no other for one that cannot."""
    job, given = making.job, making.given
    code = family(job.preset.family)
    alone = given.images or given.video or job.parameters.get("exact")
    if alone or not hasattr(code, "run_many"):
        return job.id
    return code.batch(job), given.loras


class Together:
    """Several jobs of one batch."""

    def __init__(self, makings: list[Making]) -> None:
        self.makings = makings
        self.unwanted: set[str] = set()

    def finish(self) -> None:
        """Make them; what goes wrong, goes wrong for all."""
        try:
            made = self.denoised()
        except Canceled:
            return
        except Exception as problem:
            for making in self.makings:
                making.made.failed(problem)
            return
        for making, each in zip(self.makings, made, strict=True):
            if making.job.id not in self.unwanted:
                making.decode(each)

    def denoised(self) -> Sequence[Undecoded | Result]:
        """All jobs, each step reported for each job; all jobs together report as often as one
        alone would."""
        first, began = self.makings[0], time.monotonic()
        for making in self.makings:
            making.load()
        with ExitStack() as stack:
            reports = [
                stack.enter_context(making.reports(INTERVAL * len(self.makings)))
                for making in self.makings
            ]
            steps = [self.watched(*each) for each in zip(self.makings, reports, strict=True)]
            jobs = [making.job for making in self.makings]
            made = first.engine.run_many(jobs, first.given.loras, steps)
        for making in self.makings:
            making.clock(began, len(self.makings))
        return made

    def watched(self, making: Making, reports: Reports) -> Callable[[Step], None]:
        """A step of one job: when it is canceled, the others go on."""
        watch = making.watched(reports.step, time.monotonic())

        def on_step(step: Step) -> None:
            try:
                watch(step)
            except Canceled:
                self.unwanted.add(making.job.id)
                if len(self.unwanted) == len(self.makings):
                    raise

        return on_step
