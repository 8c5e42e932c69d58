"""Prompts for text encoders of CLIP's kind, which see 77 tokens: longer ones are read in pieces
laid end to end, and words carry weights in the notation that people know from A1111: `(word:1.3)`,
`(word)` for 1.1, `[word]` for 1/1.1, `\\(` for a bracket that is meant. Read in one pass, so that
markup of any length and nesting costs no more than other text. (The package compel reads long and
weighted prompts too, in a notation of its own; prompts that people bring along are in this one.)

A weight moves a token's embedding away from, or towards, that of an empty prompt; weight 1 changes
nothing. Not for encoders that read long texts by themselves.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any

import torch

from ..errors import JobError

MOST_CHUNKS = 16
SMALLEST, MOST = 1e-6, 3.0  # weights
FACTORS = {"(": log(1.1), "[": -log(1.1)}  # of brackets without a number, as logarithms
SIGNS = re.compile(
    r"\\[()\[\]\\]|\(|\[|:\s*([+-]?\d+(?:\.\d+)?|\.\d+)\s*\)|\)|\]|[^\\()\[\]:]+|.", re.S
)

Piece = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Encoder:
    """A tokenizer, its text encoder, and which of its outputs the model was trained on."""

    tokenizer: Any
    model: Any
    hidden: Callable[[Any], torch.Tensor]

    @property
    def room(self) -> int:
        """How many tokens of text fit into one reading, beside its start and its end."""
        return int(self.tokenizer.model_max_length) - 2


def pieces(prompt: str) -> list[Piece]:
    """The prompt's texts with their weights; brackets that have no partner are plain text."""
    texts: list[str] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}
    # Logarithms of weights, each noted where it begins and where it ends.
    turns: dict[int, float] = {}
    for match in SIGNS.finditer(prompt):
        sign = match[0]
        kind = {")": "(", "]": "["}.get(sign[-1]) if sign[0] != "\\" else None
        if sign in opened:
            opened[sign].append(len(texts))
        if kind and opened[kind]:
            start = opened[kind].pop()
            factor = log(max(SMALLEST, float(match[1]))) if match[1] else FACTORS[kind]
            turns[start] = turns.get(start, 0.0) + factor
            turns[len(texts)] = turns.get(len(texts), 0.0) - factor
            texts[start], sign = "", ""
        texts.append(sign[1:] if len(sign) == 2 and sign[0] == "\\" else sign)
    return joined(texts, turns)


def joined(texts: Sequence[str], turns: dict[int, float]) -> list[Piece]:
    """Every text with its weight; neighbours of the same weight as one."""
    runs: list[tuple[list[str], float]] = []
    level = 0.0
    for number, text in enumerate(texts):
        level += turns.get(number, 0.0)
        weight = min(MOST, round(exp(min(level, MOST)), 4))
        if text and runs and runs[-1][1] == weight:
            runs[-1][0].append(text)
        elif text:
            runs.append(([text], weight))
    return [("".join(run), weight) for run, weight in runs]


def plain(prompt: str, encoders: Sequence[Encoder]) -> bool:
    """True for what the pipeline reads by itself: no weights, and short enough."""
    if pieces(prompt) != ([(prompt, 1.0)] if prompt else []):
        return False
    return all(
        len(encoder.tokenizer(prompt, add_special_tokens=False).input_ids) <= encoder.room
        for encoder in encoders
    )


def chunks(prompt: str, encoder: Encoder) -> list[list[tuple[int, float]]]:
    """The prompt's tokens with their weights, as many a chunk as one reading takes; raises JobError
    prompt_tokens."""
    tokens = [
        (token, weight)
        for text, weight in pieces(prompt)
        for token in encoder.tokenizer(text, add_special_tokens=False).input_ids
    ]
    if len(tokens) > MOST_CHUNKS * encoder.room:
        raise JobError("prompt_tokens", count=len(tokens), limit=MOST_CHUNKS * encoder.room)
    return [tokens[at : at + encoder.room] for at in range(0, len(tokens), encoder.room)] or [[]]


def read(
    encoder: Encoder, parts: list[list[tuple[int, float]]], count: int
) -> tuple[torch.Tensor, Any]:
    """Embeddings (1, count · 77, width) of a prompt's chunks, and the first chunk's raw output."""
    outputs = [output(encoder, [token for token, _ in part]) for part in padded(parts, count)]
    embeddings = [encoder.hidden(each) for each in outputs]
    weights = [[1.0, *(weight for _, weight in part)] for part in padded(parts, count)]
    if any(weight != 1 for part in weights for weight in part):
        empty = encoder.hidden(output(encoder, []))
        pairs = zip(embeddings, weights, strict=True)
        embeddings = [weighted(each, given, empty) for each, given in pairs]
    return torch.cat(embeddings, 1), outputs[0]


def padded(parts: list[list[Any]], count: int) -> list[list[Any]]:
    """The chunks, and empty ones until there are `count`."""
    return parts + [[] for _ in range(count - len(parts))]


def output(encoder: Encoder, tokens: list[int]) -> Any:
    """What the text encoder says of one chunk."""
    tokenizer = encoder.tokenizer
    ids = [tokenizer.bos_token_id, *tokens, tokenizer.eos_token_id]
    ids += [tokenizer.pad_token_id] * (encoder.room + 2 - len(ids))
    where = next(encoder.model.parameters()).device
    return encoder.model(torch.tensor([ids], device=where), output_hidden_states=True)


def weighted(embedding: torch.Tensor, weights: list[float], empty: torch.Tensor) -> torch.Tensor:
    """Each token moved along the line from the empty prompt's embedding by its weight."""
    rest = embedding.shape[1] - len(weights)
    factors = torch.tensor([*weights, *[1.0] * rest], dtype=torch.float32)
    factors = factors.to(embedding.device).view(1, -1, 1)
    return (empty + (embedding - empty).float() * factors).to(embedding.dtype)


def side_by_side(
    prompt: str, negative: str, encoders: Sequence[Encoder]
) -> tuple[list[Any], list[Any]]:
    """For both texts, [embeddings of all encoders joined, the last encoder's summary]: both are
    read in equally many pieces, since the model sees them in one batch."""
    texts = (prompt, negative)
    parts = [[chunks(text, encoder) for encoder in encoders] for text in texts]
    count = max(len(part) for each in parts for part in each)
    found = []
    for each in parts:
        pairs = zip(encoders, each, strict=True)
        readings = [read(encoder, part, count) for encoder, part in pairs]
        joint = torch.cat([embedding for embedding, _ in readings], -1)
        found.append([joint, readings[-1][1][0]])
    return found[0], found[1]
