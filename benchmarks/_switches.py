"""What each switch of a preset's options gains on a data-centre GPU, on pipelines of full size with
random weights: throughput over the plain call in the same run, one line a switch. Not for a CPU.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import _giants
from benchmarks._report import report
from workers.gpu import device as devices

STEPS = 30
WARM_UP_STEPS = 3
# Name: options of a preset, and how many are made at once. The last one is all that keeps results
# within rounding; the cache of first blocks changes them, and stands beside.
PICTURE_SWITCHES: dict[str, tuple[dict[str, Any], int]] = {
    "channels_last": ({"channels_last": True}, 1),
    "compile": ({"compile": True}, 1),
    "4 at once": ({}, 4),
    "all of these": ({"channels_last": True, "compile": True}, 4),
}
CLIP_SWITCHES: dict[str, tuple[dict[str, Any], int]] = {
    "attention by cuDNN": ({"attention": "_native_cudnn"}, 1),
    "compile": ({"compile": True}, 1),
    "first block cache at 0.05": ({"first_block_cache": 0.05}, 1),
    "all of these": (
        {"attention": "_native_cudnn", "compile": True, "first_block_cache": 0.05},
        1,
    ),
}
GOALS = {"all of these": ">= 2"}


@dataclass(frozen=True)
class Kind:
    """One pipeline of full size, and what is asked of it."""

    title: str
    build: Callable[[str], Any]
    words: Callable[[str, int], dict[str, Any]]
    call: dict[str, Any]
    switches: dict[str, tuple[dict[str, Any], int]]


KINDS = [
    Kind(
        "SDXL 1024²",
        _giants.sdxl,
        _giants.sdxl_words,
        {"width": 1024, "height": 1024, "guidance_scale": 5.0},
        PICTURE_SWITCHES,
    ),
    Kind(
        "Wan 1.3B 480p, 81 frames",
        _giants.wan,
        _giants.wan_words,
        {"width": 832, "height": 480, "num_frames": 81, "guidance_scale": 5.0},
        CLIP_SWITCHES,
    ),
]


def measure(device: devices.Device) -> None:
    """Measure and report every switch of every kind."""
    for kind in KINDS:
        plain, _ = throughput(kind, device, {}, 1)
        for name, (options, count) in kind.switches.items():
            rate, steps = throughput(kind, device, options, count)
            report(
                f"{kind.title}, {STEPS} steps: {name}, over the plain call",
                value=rate / plain,
                unit="times",
                goal=GOALS.get(name, "> 1"),
                samples=steps,
                reference=f"plain {plain:.3f} a second on {device.title}; samples: seconds a step",
            )


def throughput(
    kind: Kind, device: devices.Device, options: dict[str, Any], count: int
) -> tuple[float, list[float]]:
    """How many are made a second, and the seconds of each step."""
    from workers.gpu.families import _tuning

    pipeline = kind.build(device.name)
    _tuning.place_on(pipeline, device, options)
    words = kind.words(device.name, count)
    pipeline(**words, **kind.call, num_inference_steps=WARM_UP_STEPS)
    ticks = [time.perf_counter()]

    def tick(*arguments: Any) -> Any:
        ticks.append(time.perf_counter())
        return arguments[3]

    began = time.perf_counter()
    pipeline(**words, **kind.call, num_inference_steps=STEPS, callback_on_step_end=tick)
    seconds = time.perf_counter() - began
    del pipeline
    devices.release()
    return count / seconds, [after - before for before, after in itertools.pairwise(ticks)]
