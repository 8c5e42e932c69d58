"""How a loaded pipeline is laid out in memory and which switches of speed it gets. A preset's
`options` choose; without them nothing changes what a picture looks like.

    dtype            float32, bfloat16 or float16 (default: what is fastest on the device)
    channels_last    true: flat convolutions with the channels innermost
    attention        a backend of diffusers by its name, such as _native_cudnn, flash or sage
    compile          true: the repeated blocks of the denoiser, by torch.compile; what it makes is
                     kept beside the models
    recorded         true: a small denoiser's calls are replayed without Python; on a processor only
    first_block_cache  a threshold such as 0.05: steps that change little are skipped
    vae_tiling       true: decode in parts; large tiles are blended where they meet
    offload          "group": blocks wait in main memory; "none"; default: when they do not fit
    weights          "float8": the denoiser's weights in eight bits, computed in dtype

Read with each job, not here: scheduler, scheduler_options, loras, and steps and guidance where the
preset has no such parameter.

Not for what a family computes.
"""

import inspect
import logging
from typing import Any
from weakref import WeakSet

import torch

from .. import device as devices
from ..device import Device
from ._recorded import Recorded

log = logging.getLogger(__name__)

DENOISERS = ("unet", "transformer", "transformer_2")
FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
WAITING: WeakSet[Any] = WeakSet()  # pipelines whose weights are outside: done once, for good
FITS = 0.85  # of the device's memory: the rest is for what is computed


def number_format(device: Device, options: dict[str, Any]) -> torch.dtype:
    """The format that the preset asks for, or the fastest here. A processor that knows no short
    formats takes hundreds of times as long in them: there, nobody's wish for one is followed."""
    usual = devices.number_format(device)
    wanted = FORMATS.get(str(options.get("dtype")), usual)
    return usual if device.kind == "cpu" and not devices.cpu_likes_half() else wanted


def modules(pipeline: Any) -> dict[str, torch.nn.Module]:
    """The pipeline's networks by name."""
    parts = pipeline.components.items()
    return {name: part for name, part in parts if isinstance(part, torch.nn.Module)}


def size_of(module: torch.nn.Module) -> int:
    """Bytes of a network's weights."""
    tensors = [*module.parameters(), *module.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def sibling(kind: type, pipeline: Any, **more: Any) -> Any:
    """Another pipeline on the same networks: no second copy, and no conversion of the first."""
    wanted = inspect.signature(kind.__init__).parameters  # type: ignore[misc]
    own = {name: value for name, value in pipeline.config.items() if name[0] != "_"}
    have = own | pipeline.components | more
    made = kind(**{name: value for name, value in have.items() if name in wanted})
    made.set_progress_bar_config(disable=True)
    return made


def place_on(pipeline: Any, device: Device, options: dict[str, Any]) -> None:
    """Apply the switches and bring the pipeline to the device."""
    pipeline.set_progress_bar_config(disable=True)
    denoisers = [part for name, part in modules(pipeline).items() if name in DENOISERS]
    for part in denoisers:
        denoiser(part, device, options)
    if options.get("channels_last"):
        for part in modules(pipeline).values():
            channels_last(part)
    if options.get("vae_tiling"):
        pipeline.vae.enable_tiling()
    if offloads(pipeline, device, options):
        offload(pipeline, device)
    else:
        pipeline.to(device.name)
    for part in denoisers:
        if options.get("compile"):
            part.compile_repeated_blocks()
        elif options.get("recorded") and device.kind == "cpu" and not decides(options):
            part.forward = Recorded(part)


def decides(options: dict[str, Any]) -> bool:
    """Whether a denoiser looks at the numbers to decide what it computes: no recording does."""
    return bool(options.get("first_block_cache"))


def channels_last(part: torch.nn.Module) -> None:
    """Lay out the flat convolutions with their channels innermost; others have no such layout."""
    for module in part.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.to(memory_format=torch.channels_last)


def denoiser(part: Any, device: Device, options: dict[str, Any]) -> None:
    """The switches of one denoising network."""
    if options.get("attention"):
        part.set_attention_backend(str(options["attention"]))
    if options.get("weights") == "float8":
        compute = number_format(device, options)
        part.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=compute)
    if options.get("first_block_cache") and hasattr(part, "enable_cache"):
        from diffusers import FirstBlockCacheConfig

        part.enable_cache(FirstBlockCacheConfig(threshold=float(options["first_block_cache"])))


def offloads(pipeline: Any, device: Device, options: dict[str, Any]) -> bool:
    """Whether the weights wait in main memory: asked for, or too large for the device."""
    if device.kind == "cpu" or options.get("offload") == "none":
        return False
    weights = sum(size_of(part) for part in modules(pipeline).values())
    return options.get("offload") == "group" or weights > FITS * device.memory_bytes


def offload(pipeline: Any, device: Device) -> None:
    """Keep the weights in main memory, and bring blocks to the device while they compute."""
    log.info("Weights wait in main memory: they come to %s block by block", device.name)
    WAITING.add(pipeline)
    pipeline.enable_group_offload(
        onload_device=torch.device(device.name),
        offload_device=torch.device("cpu"),
        offload_type="leaf_level",
        use_stream=device.kind == "cuda",
    )


def shrink(pipeline: Any, device: Device, step: int) -> bool:
    """After memory ran out: decode in parts, then keep weights outside; False when all is done."""
    if step == 0:
        for part in modules(pipeline).values():
            if hasattr(part, "enable_tiling"):
                part.enable_tiling()
        return True
    if step == 1 and device.kind != "cpu" and pipeline not in WAITING:
        pipeline.to("cpu")
        offload(pipeline, device)
        return True
    return False
