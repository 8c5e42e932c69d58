"""The other families' pipelines with random weights, small enough to be built and run in a second:
the same classes as the real ones, so what loads these loads those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.workers import tiny

WIDTH = 32
CHAT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def sd(folder: Path, distilled: bool = False) -> Path:
    """Stable Diffusion 1.5's shape, or `distilled`: with a tiny autoencoder, as few-step models."""
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        block_out_channels=(WIDTH, WIDTH * 2),
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=32,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8,
        cross_attention_dim=WIDTH,
    )
    pipeline = StableDiffusionPipeline(
        vae=_small_vae() if distilled else tiny._vae(),
        unet=unet,
        text_encoder=tiny._text_encoder(with_projection=False),
        tokenizer=tiny._tokenizer(folder),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def _small_vae() -> Any:
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    )


def wan(folder: Path, new: bool) -> Path:
    """Wan 2.1's text-to-video shape, or `new`: Wan 2.2's small kind, which starts from pictures."""
    import torch
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline
    from diffusers import WanTransformer3DModel as Transformer
    from transformers import UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    channels = 48 if new else 16
    vae = AutoencoderKLWan(**wan_codec(channels, new))
    transformer = Transformer(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=channels,
        text_dim=WIDTH,
        freq_dim=64,
        ffn_dim=WIDTH,
        num_layers=2,
    )
    words = UMT5Config(vocab_size=200, d_model=WIDTH, d_kv=8, d_ff=WIDTH, num_layers=1, num_heads=4)
    WanPipeline(
        tokenizer=tokenizer(),
        text_encoder=UMT5EncoderModel(words),
        vae=vae,
        transformer=transformer,
        scheduler=UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
        expand_timesteps=new,
    ).save_pretrained(folder)
    return folder


def wan_codec(channels: int, new: bool) -> dict[str, Any]:
    """The settings of either kind of autoencoder."""
    settings = {
        "base_dim": 8,
        "z_dim": channels,
        "dim_mult": [1, 1, 1, 1],
        "num_res_blocks": 1,
        "temperal_downsample": [False, True, True],
        "latents_mean": [0.0] * channels,
        "latents_std": [1.0] * channels,
    }
    residual = {"is_residual": True, "in_channels": 12, "out_channels": 12, "patch_size": 2}
    residual |= {"scale_factor_spatial": 16, "decoder_base_dim": 8}
    return settings | (residual if new else {})


def flux2(folder: Path) -> Path:
    """FLUX.2 klein's shape."""
    import torch
    from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler
    from diffusers import Flux2KleinPipeline as Pipeline
    from diffusers import Flux2Transformer2DModel as Transformer

    torch.manual_seed(0)
    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=64,
    )
    transformer = Transformer(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * WIDTH,
        timestep_guidance_channels=64,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    Pipeline(
        scheduler=scheduler,
        vae=vae,
        text_encoder=qwen(layers=28),
        tokenizer=tokenizer(),
        transformer=transformer,
        is_distilled=True,
    ).save_pretrained(folder)
    return folder


def zimage(folder: Path) -> Path:
    """Z-Image Turbo's shape."""
    import torch
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImagePipeline
    from diffusers import ZImageTransformer2DModel as Transformer

    torch.manual_seed(0)
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        latent_channels=16,
        layers_per_block=1,
        norm_num_groups=4,
        scaling_factor=0.3611,
        shift_factor=0.1159,
    )
    transformer = Transformer(
        in_channels=16,
        dim=48,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=WIDTH,
        axes_dims=[8, 8, 8],
        axes_lens=[256, 32, 32],
    )
    with torch.no_grad():  # it leaves some weights as they come
        for weight in transformer.parameters():
            weight.normal_(0, 0.05)
    ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae,
        text_encoder=qwen(layers=2),
        tokenizer=tokenizer(),
        transformer=transformer,
    ).save_pretrained(folder)
    return folder


def upscaler(folder: Path, scale: int = 2) -> Path:
    """A network of the shape that spandrel knows as Compact, with random weights."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    shapes = {
        "body.0.weight": (8, 3, 3, 3),
        "body.0.bias": (8,),
        "body.1.weight": (8,),
        "body.2.weight": (8, 8, 3, 3),
        "body.2.bias": (8,),
        "body.3.weight": (8,),
        "body.4.weight": (3 * scale**2, 8, 3, 3),
        "body.4.bias": (3 * scale**2,),
    }
    tensors = {name: torch.randn(shape) * 0.1 for name, shape in shapes.items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    return folder


def qwen(layers: int) -> Any:
    """A language model whose hidden states are read."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=200,
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
    )
    return Qwen3ForCausalLM(config)


def tokenizer() -> Any:
    """A tokenizer of single letters, with a chat's form."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = [chr(code) for code in range(32, 127)]
    words = {word: number for number, word in enumerate(["<pad>", "</s>", "<unk>", *letters])}
    letterwise = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    letterwise.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    made = PreTrainedTokenizerFast(tokenizer_object=letterwise, **special)
    made.chat_template = CHAT
    return made
