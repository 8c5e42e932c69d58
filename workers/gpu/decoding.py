"""What denoising leaves, and the thread that decodes it while the next job is denoised. Only a GPU
does both at once faster than in turns: on a processor they would want the same cores, and there the
thread that makes jobs decodes too. Not for how a family decodes.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image

from .clips import Clip
from .device import Device

if TYPE_CHECKING:
    from .engine import Engine
    from .making import Ending

Result = Image.Image | Clip


@dataclass(frozen=True, slots=True)
class Undecoded:
    """What a loaded model left as latents, and how a picture or a clip is made of them; `decode`
    may be called on any thread, and again after it ran out of memory."""

    model: Any
    decode: Callable[[], Result]


class Decoding:
    """`take` and `wait` are for the thread that makes jobs."""

    def __init__(self, engine: "Engine", beside: bool) -> None:
        self.engine, self.beside = engine, beside
        self.thread = ThreadPoolExecutor(1, "decoding")
        self.going: set[Future[Result]] = set()

    def take(self, ending: "Ending", made: Undecoded | Result) -> None:
        """Have a job's result decoded, at once or meanwhile; the ending knows when it is there."""
        if not isinstance(made, Undecoded):
            ending.result = made
        elif not self.beside or made.model.waits():
            ending.result = self.decoded(ending, made)
        else:
            ending.coming = self.thread.submit(self.decoded, ending, made)
            self.going.add(ending.coming)
            # Nothing that was made is kept here: a clip may be hundreds of megabytes.
            ending.coming.add_done_callback(self.going.discard)

    def decoded(self, ending: "Ending", made: Undecoded) -> Result:
        """Decode, and note how long it took."""
        with ending.timed("decode"):
            return self.engine.decoded(ending.job, made)

    def wait(self) -> bool:
        """Until nothing is decoded any more; True where there was something to wait for."""
        busy = [each for each in list(self.going) if not each.done()]
        wait(busy)
        return bool(busy)

    def close(self) -> None:
        """Decode what is left, then no more."""
        self.thread.shutdown()


def may_overlap(device: Device) -> bool:
    """Whether this device decodes one job while it denoises another, and both the sooner for it."""
    return device.kind == "cuda"


@contextmanager
def own_stream(device: Device) -> Iterator[None]:
    """While it lasts, this thread's work on a GPU does not queue behind another thread's."""
    if device.kind != "cuda":
        yield
        return
    import torch

    with torch.cuda.stream(_stream(device.name)):
        yield


@cache
def _stream(name: str) -> Any:
    """One for each device: what was allocated on a stream is only reused on it."""
    import torch

    return torch.cuda.Stream(name)
