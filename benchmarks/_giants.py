"""Pipelines as large as the real ones with random weights: time and memory are theirs, pictures are
not. Nothing is downloaded; words are random embeddings. For a data-centre GPU, all but the shallow
one. Not for measuring.
"""

from __future__ import annotations

from typing import Any

# As the published models have them: SDXL base and Wan 2.1 with 1.3 billion parameters.
SDXL_UNET = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
    "cross_attention_dim": 2048,
}
SDXL_VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "latent_channels": 4,
    "layers_per_block": 2,
    "scaling_factor": 0.13025,
}
WAN_TRANSFORMER = {
    "num_attention_heads": 12,
    "attention_head_dim": 128,
    "in_channels": 16,
    "out_channels": 16,
    "text_dim": 4096,
    "freq_dim": 256,
    "ffn_dim": 8960,
    "num_layers": 30,
}


def sdxl(device: str, changes: dict[str, Any] | None = None, number: Any = None) -> Any:
    """SDXL base: about 2.6 billion parameters; or with changes in its UNet, in another format."""
    from diffusers import (
        AutoencoderKL,
        EulerDiscreteScheduler,
        StableDiffusionXLPipeline,
        UNet2DConditionModel,
    )

    return StableDiffusionXLPipeline(
        vae=made(AutoencoderKL, SDXL_VAE, device, number),
        unet=made(UNet2DConditionModel, SDXL_UNET | (changes or {}), device, number),
        text_encoder=None,
        text_encoder_2=None,
        tokenizer=None,
        tokenizer_2=None,
        scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear", beta_end=0.012),
        add_watermarker=False,
    )


def shallow(device: str) -> Any:
    """As wide as SDXL, with one layer where that has ten, in single precision: for a processor."""
    import torch

    return sdxl(device, {"transformer_layers_per_block": (1, 2, 1)}, torch.float32)


def sdxl_words(device: str, count: int) -> dict[str, Any]:
    """What the pipeline is told of `count` prompts."""
    names = {"prompt_embeds": (77, 2048), "pooled_prompt_embeds": (1280,)}
    return {
        prefix + name: noise((count, *shape), device)
        for prefix in ("", "negative_")
        for name, shape in names.items()
    }


def wan(device: str) -> Any:
    """Wan 2.1 with 1.3 billion parameters."""
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline
    from diffusers import WanTransformer3DModel as Transformer

    return WanPipeline(
        tokenizer=None,
        text_encoder=None,
        vae=made(AutoencoderKLWan, {}, device),
        transformer=made(Transformer, WAN_TRANSFORMER, device),
        scheduler=UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
    )


def wan_words(device: str, count: int) -> dict[str, Any]:
    """What the pipeline is told of `count` prompts."""
    return {
        name: noise((count, 512, 4096), device)
        for name in ("prompt_embeds", "negative_prompt_embeds")
    }


def made(kind: Any, settings: dict[str, Any], device: str, number: Any = None) -> Any:
    """A network of random weights, on the device, in bfloat16 or another format."""
    import torch

    usual = torch.get_default_dtype()
    torch.set_default_dtype(number or torch.bfloat16)
    try:
        with torch.device(device):
            return kind(**settings).eval()
    finally:
        torch.set_default_dtype(usual)


def noise(shape: tuple[int, ...], device: str) -> Any:
    """Random numbers in place of words."""
    import torch

    return torch.randn(shape, device=device, dtype=torch.bfloat16)
