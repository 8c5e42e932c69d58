"""Which device this machine has and how it is set up. Describing it touches no CUDA, which would
cost memory before the first job is there: only the functions that say so import torch.
"""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What makes half precision fast on a CPU; without these, float32 is many times faster.
CPU_HALF = ("avx512_bf16", "amx_bf16")
COMPILED = ".compiled"  # a folder among the models


@dataclass(frozen=True, slots=True)
class Device:
    """`name` as torch spells it (cuda, cuda:1, mps, cpu), a title to show, memory in bytes."""

    name: str
    title: str
    memory_bytes: int

    @property
    def kind(self) -> str:
        """The part before the number: cuda, mps or cpu."""
        return self.name.partition(":")[0]


def describe(wanted: str) -> Device:
    """The device that `wanted` names; `auto` takes CUDA, then Apple's GPU, then the CPU."""
    name = found() if wanted == "auto" else wanted
    if name.startswith("cuda"):
        title, memory = nvidia(int(name.partition(":")[2] or 0))
        return Device(name, title, memory)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Device(name, platform.processor() or platform.machine(), memory)


def found() -> str:
    """The best device of this machine by what its drivers say, without loading torch."""
    if nvidia(0)[1]:
        return "cuda"
    apple = platform.system() == "Darwin" and platform.machine() == "arm64"
    return "mps" if apple else "cpu"


def nvidia(index: int) -> tuple[str, int]:
    """Title and memory in bytes of an NVIDIA GPU; ("", 0) where there is none."""
    if not shutil.which("nvidia-smi"):
        return "", 0
    ask = ["nvidia-smi", f"--id={index}", "--query-gpu=name,memory.total"]
    answer = subprocess.run(
        [*ask, "--format=csv,noheader,nounits"], capture_output=True, text=True, check=False
    )
    title, _, mebibytes = answer.stdout.strip().partition(", ")
    return (title, int(mebibytes) << 20) if mebibytes.isdigit() else ("", 0)


def prepare(device: Device, threads: int) -> None:
    """Import torch and set it up: its threads, and no gradients, since nothing here trains."""
    import torch

    torch.set_grad_enabled(False)
    if threads:
        torch.set_num_threads(threads)
    if device.kind == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True


def keep_compiled(models: Path) -> None:
    """Have what torch.compile makes outlive this process: beside the models, where that is a folder
    that can be written, and not elsewhere where an operator says so."""
    if os.access(models, os.W_OK):
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(models.resolve() / COMPILED))


def number_format(device: Device) -> Any:
    """The torch dtype that is fastest here without hurting the picture.

    A processor that knows bfloat16 would gain an eighth by it, and a seed would no longer mean the
    same picture alone and in a batch: there a preset has to ask for it.
    """
    import torch

    if device.kind == "cuda":
        return torch.bfloat16
    if device.kind == "mps":
        return torch.float16
    return torch.float32


def budget(device: Device) -> int:
    """Bytes that models may keep while they wait; the rest is for what they compute. A processor's
    memory, and Apple's, belongs to everything else on the machine too."""
    return int(device.memory_bytes * (0.8 if device.kind == "cuda" else 0.5))


def allocated(device: Device) -> int:
    """Bytes that torch holds on a GPU; 0 where that cannot be asked."""
    import torch

    return torch.cuda.memory_allocated(device.name) if device.kind == "cuda" else 0


def finish(device: Device) -> None:
    """Wait until a GPU has computed what this thread asked of it."""
    import torch

    if device.kind == "cuda":
        torch.cuda.current_stream(device.name).synchronize()


def cpu_likes_half() -> bool:
    """True on a CPU with instructions for bfloat16."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return False
    return any(flag in text for flag in CPU_HALF)


def release() -> None:
    """Give freed memory back to the device, after a model was dropped or did not fit."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
