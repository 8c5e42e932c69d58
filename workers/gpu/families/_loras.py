"""LoRAs on a loaded pipeline: loaded once, then switched on with the weights that a job wants. Not
for finding their files: see ../loras.py.
"""

import logging
from typing import Any

from safetensors import SafetensorError

from ..errors import JobError, is_out_of_memory
from ..loras import Lora

log = logging.getLogger(__name__)

MOST_KEPT = 6  # on one model; the oldest go first


class Loras:
    """Which files are loaded into a pipeline, under which adapter names."""

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        self.adapters: dict[str, str] = {}  # by file
        self.on: dict[str, float] | None = {}  # what is switched on; None: unknown
        self.count = 0

    def use(self, wanted: tuple[Lora, ...]) -> tuple[tuple[str, float], ...]:
        """Switch exactly these on; what is on, for keys. Raises JobError lora_incompatible or
        lora_broken."""
        if not wanted:
            self.rest()
            return ()
        for lora in wanted:
            self.adapters[lora.file] = self.adapters.pop(lora.file, "") or self.load(lora)
        self.forget(keep={lora.file for lora in wanted})
        on = {self.adapters[lora.file]: lora.weight for lora in wanted}
        if on != self.on:
            self.pipeline.enable_lora()
            self.pipeline.set_adapters(list(on), list(on.values()))
            self.on = on
        return tuple(on.items())

    def rest(self) -> None:
        """Compute as if there were none."""
        if self.on != {} and self.adapters:
            self.pipeline.disable_lora()
        self.on = {}

    def load(self, lora: Lora) -> str:
        """Load one; its adapter's name."""
        self.count += 1
        name, self.on = f"lora{self.count}", None
        folder, _, file = lora.file.rpartition("/")
        options = {"adapter_name": name, "local_files_only": True, "use_safetensors": True}
        try:
            self.pipeline.load_lora_weights(folder, weight_name=file, **options)
            fits = any(name in names for names in self.pipeline.get_list_adapters().values())
        except Exception as error:
            self.drop(name)
            if is_out_of_memory(error):
                raise
            code = "lora_broken" if isinstance(error, SafetensorError) else "lora_incompatible"
            log.warning("LoRA %s: %s, %.300s", lora.name, code, error)
            raise JobError(code, name=lora.name) from error
        if not fits:
            raise JobError("lora_incompatible", name=lora.name)
        return name

    def drop(self, name: str) -> None:
        """Take one out again, as far as it got in."""
        self.on = None
        try:
            self.pipeline.delete_adapters(name)
        except Exception as error:  # what is not there cannot be deleted
            log.info("LoRA adapter %s: %s", name, error)

    def forget(self, keep: set[str]) -> None:
        """Unload the oldest while there are too many."""
        for file in [each for each in self.adapters if each not in keep]:
            if len(self.adapters) > MOST_KEPT:
                self.drop(self.adapters.pop(file))
