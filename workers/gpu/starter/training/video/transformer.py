"""The transformer that paints a clip's latents from a caption and perhaps a first frame.

As Wan 2.2 5B does it: every token has a time of its own, and a given first frame is one whose time
is 0. It guesses the clip behind the noise, not the noise's direction: 192 numbers a token are many
for a model so narrow. Some lessons give the first frame.
"""

import math

import numpy as np
import torch
from diffusers import UniPCMultistepScheduler, WanTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanAttention, WanAttnProcessor
from torch import nn

from ..loop import Loop
from ..recipe import VIDEO_FOLDER, load
from . import clips, codec, words

HEADS, HEAD_WIDTH, LAYERS = 4, 48, 6
TOTAL, BATCH, RATE = 9000, 8, 1e-3
EMPTY = 0.1  # share of captions left empty, for guidance
GIVEN = 0.3  # share of clips whose first frame is given
SHIFT = 5.0  # of the noise levels towards noise
HEAVIEST = 4.0  # bound of the weight 1/σ²
# Where the heads of a fresh layer look: frames, rows and columns away.
BESIDE = ((0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))
NEAR = ((-1, 0, 0), (1, 0, 0))
SHARP = 1.4
AWAY = 0.8  # how much of a fresh query turns away from empty tokens


def build() -> WanTransformer3DModel:
    """The transformer with fresh weights."""
    width = HEADS * HEAD_WIDTH
    model = WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=HEADS,
        attention_head_dim=HEAD_WIDTH,
        in_channels=codec.CHANNELS,
        out_channels=codec.CHANNELS,
        text_dim=words.WIDTH,
        freq_dim=64,
        ffn_dim=4 * width,
        num_layers=LAYERS,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=64,
    )
    for number, block in enumerate(model.blocks):
        _turn_away(block.attn2)
        _look_around(block.attn1, NEAR if number % 2 else BESIDE)
    return model


@torch.no_grad()
def _look_around(attention: WanAttention, offsets: tuple[tuple[int, int, int], ...]) -> None:
    """Begin with heads that look at one neighbour each, so that a token can tell where it is.

    Nothing else says so: positions are only relative here, and at first there is only noise. At the
    edge a head finds no neighbour and sees its own token instead.
    """
    for head, offset in enumerate(offsets):
        for axis, steps in enumerate(offset):
            first = head * HEAD_WIDTH + axis * HEAD_WIDTH // 3  # the pair that turns fastest
            attention.to_q.bias[first] = 3.0
            attention.to_k.bias[first] = 3.0 * math.cos(-steps)
            attention.to_k.bias[first + 1] = 3.0 * math.sin(-steps)
    attention.norm_q.weight.fill_(SHARP)
    attention.norm_k.weight.fill_(SHARP)


@torch.no_grad()
def _turn_away(attention: WanAttention) -> None:
    """Begin with queries that pass over empty tokens, or 500 of them would drown ten words."""
    empty = torch.randn(attention.to_k.bias.shape[0])
    empty /= empty.norm()
    attention.to_k.bias.copy_(0.3 * empty)
    attention.to_q.bias.copy_(-empty * attention.to_q.weight.norm() * AWAY)


def scheduler() -> UniPCMultistepScheduler:
    """The noise levels, for use."""
    return UniPCMultistepScheduler(
        prediction_type="sample",
        use_flow_sigmas=True,
        flow_shift=SHIFT,
        solver_order=2,
    )


class Counted(WanAttnProcessor):
    """Attention to a caption whose last token stands for all the empty ones that follow it."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.zeros(1, 1, 1, words.READ)
        self.weights[..., -1] = np.log(words.LENGTH - words.READ + 1)

    def __call__(self, attn, hidden_states, encoder_hidden_states, mask, rotary):  # type: ignore[no-untyped-def]
        """The same as for all the tokens one by one, at a twentieth of the time."""
        weights = self.weights.to(hidden_states.device)
        return super().__call__(attn, hidden_states, encoder_hidden_states, weights, rotary)


class Painter:
    """Everything a training step needs: latents, captions, encoder, noise levels."""

    def __init__(self) -> None:
        self.latents = codec.latents()
        self.entries = list(clips.training_set())
        self.split, self.encoder = words.tokenizer(), words.encoder()
        kinds = [clip.motion for clip, _ in self.entries]
        # Motions that few scenes have are shown as often as the others.
        self.chances = torch.tensor([1 / kinds.count(kind) for kind in kinds])

    def loss(self, model: nn.Module, batch: int) -> torch.Tensor:
        """The weighted error of one batch of random clips at evenly spread noise levels."""
        chosen = torch.multinomial(self.chances, batch, replacement=True)
        wanted, noise = self.latents[chosen].float(), self.levels(batch)
        given = torch.rand(batch) < GIVEN
        got = self.denoise(model, wanted, noise, given, self._captions(chosen))
        off = (got - wanted).pow(2)
        weight = (1 / noise**2).clamp(max=HEAVIEST)
        return _unknown(off, given, weight)

    def denoise(
        self,
        model: nn.Module,
        wanted: torch.Tensor,
        noise: torch.Tensor,
        given: torch.Tensor,
        captions: list[str],
    ) -> torch.Tensor:
        """The model's guess at latents (n, 48, 5, 8, 8) that it sees through noise (n,)."""
        level = noise[:, None].repeat(1, codec.STEPS)
        level[given, 0] = 0.0
        wide = level[:, None, :, None, None]
        noisy = (1 - wide) * wanted + wide * torch.randn_like(wanted)
        times = (level * 1000).repeat_interleave((codec.GRID // 2) ** 2, dim=1)
        text = words.encode(captions, self.split, self.encoder)
        return model(noisy, times, text).sample

    def levels(self, batch: int) -> torch.Tensor:
        """Noise levels from nearly none to all, evenly spread, then shifted as in use."""
        spread = (torch.arange(batch) + torch.rand(batch)) / batch
        return SHIFT * spread / (1 + (SHIFT - 1) * spread)

    def _captions(self, chosen: torch.Tensor) -> list[str]:
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        return [self._caption(self.entries[index][0], rng) for index in chosen]

    def _caption(self, clip: clips.Clip, rng: np.random.Generator) -> str:
        return "" if rng.random() < EMPTY else str(rng.choice(clips.captions(clip)))


def _unknown(off: torch.Tensor, given: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The mean error of what was not given; each clip's error counts by its weight."""
    share = torch.ones(len(off), codec.STEPS)
    share[given, 0] = 0.0
    frames = off.mean((1, 3, 4)) * share
    return (frames.sum(1) / share.sum(1) * weight).mean()


def for_training(model: WanTransformer3DModel) -> WanTransformer3DModel:
    """The same model, reading captions as ``words.encode`` gives them."""
    for block in model.blocks:
        block.attn2.set_processor(Counted())
    return model


def train(steps: int = TOTAL, batch: int = BATCH, *, again: bool = False) -> WanTransformer3DModel:
    """Train, or go on; returns the transformer with averaged weights.

    It begins with fresh weights or, ``again``, with those in the repository.
    """
    torch.manual_seed(1)
    if again:
        codec.adopt_components()
    painter, model = Painter(), for_training(published() if again else build()).train()
    rounds = Loop("video/transformer", model, rate=RATE, total=steps, again=again)
    rounds.run(lambda _: painter.loss(model, batch))
    return model


def published() -> WanTransformer3DModel:
    """The transformer in the repository, in single precision."""
    folder = VIDEO_FOLDER / "transformer"
    return WanTransformer3DModel.from_pretrained(folder, torch_dtype=torch.float32)


def stage(steps: int = TOTAL, *, again: bool = False) -> None:
    """Train, then say whether the model listens to its captions."""
    print(listening(train(steps, again=again)), flush=True)


def trained() -> WanTransformer3DModel:
    """The transformer as far as it is trained, with averaged weights."""
    model = build()
    state = load("video/transformer")
    if state is not None:
        model.load_state_dict(state["average"])
    return model.eval()


@torch.no_grad()
def listening(model: nn.Module, count: int = 64) -> dict[str, float]:
    """The error at pure noise with true captions, and with one kind of word taken from another.

    Once the model listens to a kind of word, its error comes apart from the first.
    """
    painter = Painter()
    torch.manual_seed(2)
    order = torch.randperm(len(painter.entries)).tolist()
    chosen = [i for i in order if _moves(painter.entries[i][0])][:count]
    shown = [painter.entries[index][0] for index in chosen]
    pairs = list(zip(shown, shown[1:] + shown[:1], strict=True))
    asked = {
        "true": shown,
        "thing": [a._replace(thing=b.thing) for a, b in pairs],
        "place": [a._replace(scene=b.scene) for a, b in pairs],
        "motion": [a._replace(motion=b.motion) for a, b in pairs],
    }
    wanted, nothing = painter.latents[chosen].float(), torch.zeros(len(chosen), dtype=torch.bool)
    noise = torch.full((len(chosen),), 0.999)
    errors = {}
    for name, listed in asked.items():
        torch.manual_seed(3)
        captions = [clips.caption(clip) for clip in listed]
        got = painter.denoise(model, wanted, noise, nothing, captions)
        errors[name] = (got - wanted).pow(2).mean().item()
    return errors


def _moves(clip: clips.Clip) -> bool:
    return clip.thing is not None and clip.motion in clips.WAYS
