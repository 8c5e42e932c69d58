"""`python -m workers.gpu`: the GPU process, from its environment to its end.

One process and one thread that makes jobs: `kill -9` takes all of it, and nothing is left behind.
"""

import logging
import signal
import socket
import sys
from contextlib import closing

from . import VERSION, loras
from .client import Client, ServerError, Terms
from .config import Config, ConfigError
from .device import Device, describe
from .engine import Engine
from .heart import Heart
from .loop import WITH_DOORBELL, Loop
from .sources import fetched
from .state import State

log = logging.getLogger("workers.gpu")

CANNOT_START = 2  # exit status: a restart would end the same way


def main(engine: type[Engine] = Engine) -> int:
    """Run until told to stop; the exit status. `engine` is what makes the jobs."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    try:
        config = Config.from_environment()
        work(config, engine)
    except (ConfigError, ServerError) as error:
        log.critical("%s", error)
        return CANNOT_START
    return 0


def work(config: Config, make: type[Engine] = Engine) -> None:
    """Register, then take jobs until told to stop; raises ServerError when we are refused."""
    state, device = State(), describe(config.device)
    engine = make(device, config.threads, config.places.models)
    with closing(Client(config, state)) as client:
        loop = Loop(config, client, engine, state)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        client.enrol(socket.gethostname())
        terms = client.register(description(config, device))
        log.info("Registered as %s on %s (%s)", terms.name, device.name, device.title)
        heart = Heart(client, state, terms.heartbeat_seconds)
        heart.start()
        engine.warm_up()
        take_jobs(config, loop, terms)
        heart.stop()
    if state.replaced:
        raise ServerError("Another process came with our token: one token is for one process.")


def take_jobs(config: Config, loop: Loop, terms: Terms) -> None:
    """Run the loop, with a doorbell where a broker can be reached, on its own clock otherwise."""
    if not config.broker_url:
        return loop.run(terms.poll_seconds)
    from .tasks import doorbell

    worker = doorbell(config, loop)
    worker.start()
    loop.run(WITH_DOORBELL)
    return worker.stop(timeout=2000)


def description(config: Config, device: Device) -> dict[str, object]:
    """What the server is told of this worker."""
    return {
        "kind": "gpu",
        "queues": list(config.queues),
        "presets": list(config.presets),
        "models": fetched(config.places.models),
        "loras": loras.here(config.places),
        "device": f"{device.name} {device.title}".strip(),
        "memory_bytes": device.memory_bytes,
        "version": VERSION,
    }


if __name__ == "__main__":
    sys.exit(main())
