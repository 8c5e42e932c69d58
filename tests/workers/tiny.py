"""A StableDiffusionXLPipeline of random weights, small enough to be built and run in a second. Not
for looking at: its pictures are noise."""

from __future__ import annotations

import json
from pathlib import Path

SIDE = 64  # pixels of the pictures that the tests make
WIDTH = 32  # of everything inside
PREVIEW = {"weight": [[0.3, 0.0, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.3], [0.1, 0.1, 0.1]]}


def build(folder: Path) -> Path:
    """Write the pipeline's folder and return it."""
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    torch.manual_seed(0)
    pipeline = StableDiffusionXLPipeline(
        vae=_vae(),
        unet=_unet(),
        text_encoder=_text_encoder(with_projection=False),
        text_encoder_2=_text_encoder(with_projection=True),
        tokenizer=_tokenizer(folder),
        tokenizer_2=_tokenizer(folder),
        scheduler=EulerDiscreteScheduler(timestep_spacing="leading"),
        add_watermarker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    preview = PREVIEW | {"bias": [0.5, 0.5, 0.5]}
    (folder / "words.json").write_text(json.dumps({"preview": preview}))
    return folder


def _vae():
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(WIDTH, WIDTH),
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
    )


def _unet():
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        block_out_channels=(WIDTH, WIDTH * 2),
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=SIDE // 2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + WIDTH,
        cross_attention_dim=2 * WIDTH,
    )


def _text_encoder(with_projection: bool):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_attention_heads=4,
        num_hidden_layers=2,
        vocab_size=1000,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return CLIPTextModelWithProjection(config) if with_projection else CLIPTextModel(config)


def _tokenizer(folder: Path):
    """A tokenizer of single letters."""
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({word: number for number, word in enumerate(words)}))
    merges.write_text("#version: 0.2\n")
    return CLIPTokenizer(str(vocabulary), str(merges), model_max_length=77)


def lora(model: Path, file: Path, kind: str) -> Path:
    """A LoRA of random weights for the attention of a pipeline's UNet; `wide` fits no such UNet."""
    import torch
    from diffusers import UNet2DConditionModel
    from safetensors.torch import save_file

    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    torch.manual_seed(len(kind) + ord(kind[0]))
    tensors = {}
    for name, part in unet.named_modules():
        if name.endswith(("to_q", "to_v")):
            extra = 8 if kind == "wide" else 0
            tensors[f"unet.{name}.lora_A.weight"] = torch.randn(2, part.in_features + extra)
            tensors[f"unet.{name}.lora_B.weight"] = torch.randn(part.out_features + extra, 2)
    save_file(tensors, file)
    return file
