"""The UNet that paints latents from a caption, its noise schedule, and its training.

The schedule is the usual one with sixteen times the noise: on 16×16 cells the usual one still shows
a picture's layout near its noisy end, and what is never hidden is never learnt from words.
"""

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from . import lessons, text, vae, world
from .loop import Loop
from .recipe import GRID, IMAGE_FOLDER, LATENT_CHANNELS, SIDE, load

CHANNELS = (48, 96, 192)
TIME_ID_WIDTH = 8
STEPS, BATCH, RATE = 4600, 8, 1e-3  # of the first round
MORE_STEPS, MORE_RATE = 3150, 8e-4  # of the second, with all the things and their colours
SIDES_STEPS, SIDES_BATCH, SIDES_RATE = 8500, 16, 8e-4  # of the third, with sides
SIZES_STEPS, SIZES_RATE = 9000, 8e-4  # of the fourth, with sizes
ROUNDS = ("unet", "unet-more", "unet-sides", "unet-sizes")  # the checkpoints
EMPTY = 0.1  # share of captions left empty, for guidance
# Where the noise still shows the picture, so many captions leave out some of what it shows: so a
# picture to start from keeps what the words do not name.
PARTLY, SHOWING = 0.4, 750
# From the third round on so many pictures whose captions leave out nothing are given mixed with
# another, at most so much of it: a guess that strays is then led back by the words, not followed.
STRAYED, FURTHEST = 0.3, 0.6
COVERED = 0.1  # how far a cell's numbers are from the empty scene's where a thing covers it
HEAVIEST = 3.0  # bound of the weight 1/σ²


def build() -> UNet2DConditionModel:
    """The UNet with fresh weights; 9 M parameters."""
    return UNet2DConditionModel(
        sample_size=GRID,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        # Attention only on 4×4 cells: the bag's sum, added to the time, reaches every other layer.
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        block_out_channels=CHANNELS,
        layers_per_block=1,
        cross_attention_dim=2 * text.WIDTH,
        attention_head_dim=(2, 4, 6),
        norm_num_groups=16,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_ID_WIDTH,
        projection_class_embeddings_input_dim=6 * TIME_ID_WIDTH + text.WIDTH,
    )


def scheduler() -> DDIMScheduler:
    """The noise schedule, for training and for use: SNR/16, ending in pure noise."""
    usual = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - usual, 0)
    ratio = kept / (1 - kept) / 16
    kept = ratio / (1 + ratio)
    betas = 1 - kept / torch.cat([torch.ones(1, dtype=torch.float64), kept[:-1]])
    return DDIMScheduler(
        trained_betas=betas.tolist(),
        prediction_type="sample",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
    )


class Painter:
    """Everything a training step needs: pictures, captions, encoders, schedule."""

    def __init__(self, *, rounds: int = lessons.ROUNDS) -> None:
        self.rounds = rounds
        self.split, self.pair = text.tokenizer(), text.encoders()
        self.kept = scheduler().alphas_cumprod.float()

    def loss(self, model: UNet2DConditionModel, batch: int) -> torch.Tensor:
        """The weighted error of one batch of random pictures at evenly spread noise levels."""
        pictures, entries = vae.learnt(batch, rounds=self.rounds)
        times, wanted = self._times(batch), vae.code(pictures)
        captions = self._captions(entries, times)
        later = self.rounds > 2
        given = _strayed(wanted, entries, captions) if later else wanted
        got = self.denoise(model, self.noised(given, times), times, captions)
        weight = (1 / (1 - self.kept[times])).clamp(max=HEAVIEST)
        off = (got - wanted).pow(2).mean(1)
        return ((_by_halves(off, wanted, entries) if later else off.mean((1, 2))) * weight).mean()

    def noised(self, latents: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """(n, 24, 16, 16) latents with the noise of their times."""
        kept = self.kept[times][:, None, None, None]
        return kept.sqrt() * latents + (1 - kept).sqrt() * torch.randn_like(latents)

    def denoise(
        self,
        model: UNet2DConditionModel,
        noisy: torch.Tensor,
        times: torch.Tensor,
        captions: list[str],
    ) -> torch.Tensor:
        """The model's guess at the latents behind the noise."""
        words, pooled = text.encode(captions, self.split, self.pair)
        sizes = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]]).float().repeat(len(captions), 1)
        added = {"text_embeds": pooled, "time_ids": sizes}
        return model(noisy, times, words, added_cond_kwargs=added).sample

    def _times(self, batch: int) -> torch.Tensor:
        # More of the noisy times: in this world nearly everything is decided there.
        spread = ((torch.arange(batch) + torch.rand(batch)) / batch) ** 0.7
        return (spread * len(self.kept)).long().clamp(max=len(self.kept) - 1)

    def _captions(self, entries: list[lessons.Entry], times: torch.Tensor) -> list[str]:
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        shown = zip(entries, (times < SHOWING).tolist(), strict=True)
        return [self._caption(subject, rng, showing) for (subject, _), showing in shown]

    def _caption(self, subject: world.Subject, rng: np.random.Generator, showing: bool) -> str:
        chance = rng.random()
        if chance < EMPTY:
            return ""
        if showing and chance < EMPTY + PARTLY:
            return world.part(subject, rng)
        return str(rng.choice(world.captions(subject)))


def _strayed(
    wanted: torch.Tensor, entries: list[lessons.Entry], captions: list[str]
) -> torch.Tensor:
    """The latents, some of them part of the way to what the same scene shows when words differ."""
    rng, given = np.random.default_rng(int(torch.randint(2**31, ()))), wanted.clone()
    for row, ((subject, variant), caption) in enumerate(zip(entries, captions, strict=True)):
        if rng.random() < STRAYED and subject.thing and caption in world.captions(subject):
            other = vae.code(vae.drawn([(lessons.stray(subject, rng), variant)]))[0]
            given[row].lerp_(other, FURTHEST * rng.random())
    return given


def _by_halves(
    off: torch.Tensor, wanted: torch.Tensor, entries: list[lessons.Entry]
) -> torch.Tensor:
    """The mean error of each picture, (n,), from errors of cells, (n, 16, 16): what its thing
    covers counts as much as all around it, however small it is.
    """
    empty = vae.code(vae.drawn((world.Subject(one.scene, None), number) for one, number in entries))
    share = ((wanted - empty).abs().amax(1) > COVERED).float()
    inside = (off * share).sum((1, 2)) / share.sum((1, 2)).clamp(min=1)
    around = (off * (1 - share)).sum((1, 2)) / (1 - share).sum((1, 2))
    return torch.where(share.sum((1, 2)) > 0, (inside + around) / 2, around)


def train(steps: int = STEPS, batch: int = BATCH) -> UNet2DConditionModel:
    """Train the first round, or go on; returns the UNet with averaged weights."""
    torch.manual_seed(1)
    painter, model = Painter(rounds=1), build().to(memory_format=torch.channels_last)
    Loop("unet", model, rate=RATE, total=steps).run(lambda _: painter.loss(model, batch))
    return model


def train_more(
    steps: int = MORE_STEPS, batch: int = BATCH, *, again: bool = False
) -> UNet2DConditionModel:
    """The second round, or go on; returns the UNet with averaged weights.

    It begins with the first round's weights or, ``again``, with those in the repository.
    """
    return _go_on("unet", "unet-more", 2, MORE_RATE, steps, batch, again=again)


def train_sides(
    steps: int = SIDES_STEPS, batch: int = SIDES_BATCH, *, again: bool = False
) -> UNet2DConditionModel:
    """The third round, as ``train_more`` after the second."""
    return _go_on("unet-more", "unet-sides", 3, SIDES_RATE, steps, batch, again=again)


def train_sizes(
    steps: int = SIZES_STEPS, batch: int = SIDES_BATCH, *, again: bool = False
) -> UNet2DConditionModel:
    """The fourth round, as ``train_more`` after the third."""
    rounds = lessons.ROUNDS
    return _go_on("unet-sides", "unet-sizes", rounds, SIZES_RATE, steps, batch, again=again)


def _go_on(
    before: str,
    name: str,
    rounds: int,
    rate: float,
    steps: int,
    batch: int,
    *,
    again: bool,
) -> UNet2DConditionModel:
    """Train a round from the weights of the one ``before`` or, ``again``, of the repository."""
    if again:
        vae.adopt_components()
    painter, model = Painter(rounds=rounds), published() if again else trained(before)
    model = model.train().to(memory_format=torch.channels_last)
    loop = Loop(name, model, rate=rate, total=steps, again=again)
    loop.run(lambda _: painter.loss(model, batch))
    return model


def published() -> UNet2DConditionModel:
    """The UNet in the repository, in single precision."""
    return UNet2DConditionModel.from_pretrained(IMAGE_FOLDER / "unet", torch_dtype=torch.float32)


def stage(steps: int = STEPS) -> None:
    """Train the first round, then say whether the model listens to its captions."""
    print(listening(train(steps)), flush=True)


def more(steps: int = MORE_STEPS, *, again: bool = False) -> None:
    """Train the second round, then say the same."""
    print(listening(train_more(steps, again=again)), flush=True)


def sides(steps: int = SIDES_STEPS, *, again: bool = False) -> None:
    """Train the third round, then say the same."""
    print(listening(train_sides(steps, again=again)), flush=True)


def sizes(steps: int = SIZES_STEPS, *, again: bool = False) -> None:
    """Train the fourth round, then say the same."""
    print(listening(train_sizes(steps, again=again)), flush=True)


def trained(*names: str) -> UNet2DConditionModel:
    """The UNet as far as it is trained, with averaged weights; the last round has the last word."""
    model = build()
    states = [state for state in map(load, names or ROUNDS) if state is not None]
    if states:
        model.load_state_dict(states[-1]["average"])
    return model.eval()


@torch.no_grad()
def listening(model: UNet2DConditionModel, count: int = 64) -> dict[str, float]:
    """The error at pure noise with true captions, and with one kind of word taken from another.

    Once the model listens to a kind of word, its error comes apart from the first.
    """
    painter = Painter()
    torch.manual_seed(2)
    shown = [entry for entry in vae.learnt(2 * count)[1] if entry[0].thing][:count]
    subjects = [subject for subject, _ in shown]
    pairs = list(zip(subjects, subjects[1:] + subjects[:1], strict=True))
    swapped = {
        "true": subjects,
        "thing": [one._replace(thing=other.thing) for one, other in pairs],
        "place": [one._replace(scene=other.scene) for one, other in pairs],
        "colour": [one._replace(colour=other.colour) for one, other in pairs],
        "size": [one._replace(size=other.size) for one, other in pairs],
    }
    wanted, times = vae.code(vae.drawn(shown)), torch.full((len(shown),), 999)
    noisy, errors = painter.noised(wanted, times), {}
    for name, listed in swapped.items():
        got = painter.denoise(model, noisy, times, [world.caption(one) for one in listed])
        errors[name] = (got - wanted).pow(2).mean().item()
    return errors
