"""What this process is told by its environment. Nothing else reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]

KNOWN_QUEUES = ("gpu.image", "gpu.video")


class ConfigError(Exception):
    """The environment lacks something; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of this machine that weights are taken from: `models` holds what was fetched from
    the hub, a folder `owner--name` each; `loras` is the operator's own."""

    models: Path
    loras: Path


@dataclass(frozen=True, slots=True)
class Config:
    """Where the server is, who we are there, and what we take on."""

    url: str
    token: str  # this worker's own, or empty while it has only its pool's
    pool_token: str
    broker_url: str
    queues: tuple[str, ...]
    presets: tuple[str, ...]  # empty: every preset whose family is here
    device: str  # auto, cuda, cuda:1, mps or cpu
    threads: int  # 0: as many as the machine has cores
    namespace: str  # the prefix of everything the installation keeps in Redis
    places: Places
    stop_seconds: float  # a job that needs longer than this to finish is handed back on SIGTERM

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read OURVIDZ_*; raises ConfigError with a sentence when one is missing or unknown."""
        return cls(
            url=needed(env, "OURVIDZ_URL", "the address of the OurVidz server").rstrip("/"),
            token=token(env),
            pool_token=env.get("OURVIDZ_POOL_TOKEN", "").strip(),
            broker_url=env.get("OURVIDZ_BROKER_URL", "").strip(),
            queues=queues(env.get("OURVIDZ_QUEUES", "")),
            presets=words(env.get("OURVIDZ_PRESETS", "")),
            device=env.get("OURVIDZ_DEVICE", "").strip() or "auto",
            threads=int(number(env, "OURVIDZ_THREADS", 0)),
            namespace=env.get("OURVIDZ_NAMESPACE", "").strip() or "ourvidz",
            places=Places(folder(env, "OURVIDZ_MODELS"), folder(env, "OURVIDZ_LORAS")),
            stop_seconds=number(env, "OURVIDZ_STOP_SECONDS", 4.0),
        )


def needed(env: Mapping[str, str], name: str, what: str) -> str:
    """The value of a variable that must be set."""
    value = env.get(name, "").strip()
    if not value:
        raise ConfigError(f"Set {name} to {what}.")
    return value


def token(env: Mapping[str, str]) -> str:
    """This worker's own token; one that has a pool's gets its own from the server."""
    if env.get("OURVIDZ_POOL_TOKEN", "").strip():
        return env.get("OURVIDZ_WORKER_TOKEN", "").strip()
    return needed(env, "OURVIDZ_WORKER_TOKEN", "this worker's token")


def folder(env: Mapping[str, str], name: str) -> Path:
    """The folder in OURVIDZ_<NAME>, or var/<name> beside the program."""
    usual = ROOT / "var" / name.rpartition("_")[2].lower()
    return Path(env.get(name, "").strip() or usual).expanduser()


def number(env: Mapping[str, str], name: str, default: float) -> float:
    """The number in a variable, or the default when it is empty."""
    text = env.get(name, "").strip()
    try:
        return float(text) if text else default
    except ValueError:
        raise ConfigError(f"{name} must be a number, not “{text}”.") from None


def words(text: str) -> tuple[str, ...]:
    """The words of a comma or space separated list."""
    return tuple(text.replace(",", " ").split())


def queues(text: str) -> tuple[str, ...]:
    """The queues to take from; every known one when none is named."""
    chosen = words(text) or KNOWN_QUEUES
    unknown = sorted(set(chosen) - set(KNOWN_QUEUES))
    if unknown:
        known = ", ".join(KNOWN_QUEUES)
        raise ConfigError(f"OURVIDZ_QUEUES names {', '.join(unknown)}; known are {known}.")
    return chosen
