"""The samplers a person or a preset may choose, by the names that people know. For models that
predict noise; those of flow matching keep their own.
"""

from typing import Any

import diffusers

from ..job import Job

# Name: class of diffusers, and what differs from the model's own settings.
KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_trailing": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "dpmpp_2m_karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "tcd": ("TCDScheduler", {}),
}


def chosen(job: Job, own: Any) -> Any:
    """The scheduler of a job: the person's choice, the preset's, or the model's own."""
    options = job.preset.options
    name = job.choice("scheduler", KNOWN, str(options.get("scheduler") or ""))
    changes = dict(options.get("scheduler_options") or {})
    if not name:
        return adjusted(job, own)
    kind, settings = KNOWN[name]
    return getattr(diffusers, kind).from_config(own.config, **settings | changes)


def adjusted(job: Job, own: Any) -> Any:
    """The model's own scheduler, with what the preset changes in it."""
    changes = dict(job.preset.options.get("scheduler_options") or {})
    return type(own).from_config(own.config, **changes) if changes else own
