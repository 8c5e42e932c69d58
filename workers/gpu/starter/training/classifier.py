"""The judge: says which place, time, backdrop and thing a picture shows, and of the thing its
colour, side and size; used only for scoring.

It learns from drawings that no other stage sees (other variants, things moved about, pictures
blurred and dimmed as a young model's are), and must itself be right on fresh, clean drawings.
"""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import world
from .loop import Loop
from .places import COLOURS, FRESH, PLACES, TIMES
from .sprites import THINGS
from .vae import to_tensor

SIDE = 64  # pixels; the judge looks at a quarter of the size
STEPS, BATCH, RATE = 1000, 32, 2e-3
POOL = 24  # drawings of each scene to learn from
LEARN_FROM, TEST_FROM = FRESH, 9_000  # first variant of each; training pictures use 0 to 3
MOVED = 16  # pixels a thing may be off its spot while the judge learns

# What is asked of a picture, and the answers; None: the picture says nothing of it, or has its
# thing in the middle, or as large as most. Of a thing's colour it always says one: that is asked
# only where a thing was to have another than its own.
QUESTIONS: dict[str, tuple[str | None, ...]] = {
    "place": PLACES,
    "time": (*TIMES, None),
    "backdrop": (*COLOURS, None),
    "thing": (*THINGS, None),
    "colour": COLOURS,
    "side": (*world.SIDES, None),
    "size": (*world.SIZES, None),
}
UNASKED = -100  # of a question that has no answer; what cross_entropy leaves out


def answers(subject: world.Subject) -> dict[str, str | None]:
    """The right answers for a picture of this subject."""
    scene = subject.scene
    return {
        "place": scene.place,
        "time": scene.time,
        "backdrop": scene.colour,
        "thing": subject.thing,
        "colour": subject.colour,
        "side": subject.side,
        "size": subject.size,
    }


class Judge(nn.Module):
    """Four small convolutions and one linear layer for each question."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((3, 16), (16, 32), (32, 64), (64, 96)):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        size = 96 * (SIDE // 16) ** 2
        self.heads = nn.ModuleDict({q: nn.Linear(size, len(a)) for q, a in QUESTIONS.items()})

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        """(n, 3, 256, 256) pictures in -1..1 to the logits of every question."""
        return self.look(F.avg_pool2d(pictures, pictures.shape[-1] // SIDE))

    def look(self, small: torch.Tensor) -> dict[str, torch.Tensor]:
        """The same for pictures already made small, (n, 3, 64, 64)."""
        seen = self.body(small)
        return {question: head(seen) for question, head in self.heads.items()}


def train(steps: int = STEPS, batch: int = BATCH) -> Judge:
    """Train, or go on; returns the judge ready to use."""
    torch.manual_seed(3)
    judge = Judge()

    def loss_at(step: int) -> torch.Tensor:
        small, right = _lesson(np.random.default_rng([5, step]), batch)
        said = judge.look(_spoil(small))
        return torch.stack([F.cross_entropy(said[q], right[q]) for q in QUESTIONS]).sum()

    Loop("judge", judge, rate=RATE, total=steps, decay=0.99).run(loss_at)
    return judge.eval()


@torch.no_grad()
def ask(judge: Judge, pictures: torch.Tensor) -> list[dict[str, str | None]]:
    """The judge's answers for (n, 3, 256, 256) pictures in -1..1."""
    said = {question: logits.argmax(1) for question, logits in judge(pictures).items()}
    return [
        {question: QUESTIONS[question][int(said[question][row])] for question in QUESTIONS}
        for row in range(len(pictures))
    ]


def accuracy_on_fresh_drawings(judge: Judge, count: int = 1000) -> dict[str, float]:
    """Share of right answers to each question on drawings that nothing was trained on."""
    rng = np.random.default_rng(11)
    right = dict.fromkeys(QUESTIONS, 0)
    asked = dict.fromkeys(QUESTIONS, 0)
    for number, subject in enumerate(_subjects(rng, count)):
        drawn = world.compose(subject, TEST_FROM + number % POOL)
        said = ask(judge, to_tensor(drawn[None]))[0]
        for question, answer in answers(subject).items():
            if answer in QUESTIONS[question]:
                asked[question] += 1
                right[question] += said[question] == answer
    return {question: hits / max(1, asked[question]) for question, hits in right.items()}


def _lesson(rng: np.random.Generator, batch: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Small pictures (n, 3, 64, 64) and the numbers of the right answers."""
    shown = _subjects(rng, batch)
    drawn = [
        world.compose(subject, LEARN_FROM + int(rng.integers(POOL)), _moved(rng))
        for subject in shown
    ]
    small = F.avg_pool2d(to_tensor(np.stack(drawn)), 256 // SIDE)
    right = {
        question: torch.tensor([_number(question, subject) for subject in shown])
        for question in QUESTIONS
    }
    return small, right


def _number(question: str, subject: world.Subject) -> int:
    given, answer = QUESTIONS[question], answers(subject)[question]
    return given.index(answer) if answer in given else UNASKED


def _subjects(rng: np.random.Generator, count: int) -> list[world.Subject]:
    """Subjects by chance: plain, dyed and laid out, so that the many do not crowd out the few."""
    groups = _groups()
    kinds = rng.integers(len(groups), size=count)
    return [groups[kind][rng.integers(len(groups[kind]))] for kind in kinds]


@functools.cache
def _groups() -> tuple[list[world.Subject], ...]:
    everything, moved = world.subjects(), world.laid_out()
    plain = [one for one in everything if not one.colour]
    dyed = [one for one in everything if one.colour]
    return plain, dyed, [one for one in moved if not one.colour], moved


def _moved(rng: np.random.Generator) -> tuple[int, int]:
    across, down = rng.integers(-MOVED, MOVED + 1, 2)
    return int(across), int(down)


def _spoil(small: torch.Tensor) -> torch.Tensor:
    """Blur some, shift the brightness, add grain: a model's pictures are never as clean."""
    blurred = F.avg_pool2d(small, 3, stride=1, padding=1, count_include_pad=False)
    share = torch.rand(len(small), 1, 1, 1) * (torch.rand(len(small), 1, 1, 1) < 0.5)
    mixed = small.lerp(blurred, share)
    light = 1 + 0.1 * torch.randn(len(small), 1, 1, 1)
    return mixed * light + 0.06 * torch.randn_like(mixed)


@functools.cache
def trained() -> Judge:
    """The judge, trained first if it is not yet."""
    return train()
