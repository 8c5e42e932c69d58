"""The words of the video model: its tokenizer, and its text encoder, a frozen bag of words.

The encoder is a UMT5 set by hand: every token sees the sum of all meanings in the prompt, scaled to
one length. That all tokens carry the same is on purpose: attention to them is then no question of
where to look, and a prompt may be short or long.
"""

from collections.abc import Iterable

import torch
from tokenizers import processors
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from .. import text
from . import clips

WIDTH = 64
LENGTH = 512  # tokens that WanPipeline hands to the transformer, most of them empty
READ = 24  # tokens that training really computes, the last one in place of all the empty ones

# Words whose meaning is a motion, and the words that mean the same.
MOTIONS: dict[str, tuple[str, ...]] = {
    "left": ("leftward", "leftwards"),
    "right": ("rightward", "rightwards"),
    "rises": ("rise", "rising", "ascends", "ascending", "climbs", "climbing", "up", "upwards"),
    "falls": (
        "fall",
        "falling",
        "drops",
        "dropping",
        "descends",
        "descending",
        "down",
        "downwards",
    ),
    "sets": ("setting", "set"),
    "snowing": ("snows", "snowfall", "snowflakes", "flakes", "blizzard"),
}
# Several words that mean one: without them falling snow would be a fall in a snowy place.
PHRASES = {
    r"\bsnow (is )?(falls|falling|drifts|drifting)\b": "snowing",
    r"\bfalling snow\b": "snowing",
    r"\bsun (is )?(goes|going|sinks|sinking) (down|under)\b": "sets",
}
# fmt: off
CONNECTIVES = (
    *text.CONNECTIVES,
    "drifts", "drifting", "drift", "moves", "moving", "move", "floats", "floating", "flies",
    "flying", "goes", "going", "slides", "sliding", "sun", "video", "clip", "slowly", "as", "then",
)
# fmt: on


def places() -> dict[str, tuple[str, ...]]:
    """The places of this world and their synonyms."""
    return {word: text.PLACES[word] for word in clips.PLACES}


def things() -> dict[str, tuple[str, ...]]:
    """The things of this world and their synonyms."""
    return {word: text.THINGS[word] for word in clips.THINGS}


def meanings() -> dict[str, tuple[str, ...]]:
    """Every word with a meaning of its own, and its synonyms."""
    return {**places(), **text.TIMES, **things(), **MOTIONS}


def vocabulary() -> list[str]:
    """All known words: the special ones first, then each meaning followed by its synonyms."""
    words = [word for name, same in meanings().items() for word in (name, *same)]
    return [text.PAD, text.END, text.UNKNOWN, *words]


def tokenizer() -> PreTrainedTokenizerFast:
    """Splits a prompt into words; a word that is not known is one unknown token."""
    core, words = text.splitter(vocabulary(), PHRASES)
    core.post_processor = processors.TemplateProcessing(
        single=f"$A {text.END}", special_tokens=[(text.END, words[text.END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        model_max_length=LENGTH,
        eos_token=text.END,
        pad_token=text.PAD,
        unk_token=text.UNKNOWN,
    )


@torch.no_grad()
def encoder() -> UMT5EncoderModel:
    """The bag of words; frozen."""
    words = vocabulary()
    config = UMT5Config(
        vocab_size=len(words),
        d_model=WIDTH,
        d_kv=WIDTH,
        d_ff=4,
        num_layers=1,
        num_heads=1,
        dropout_rate=0.0,
        pad_token_id=words.index(text.PAD),
        eos_token_id=words.index(text.END),
    )
    model = UMT5EncoderModel(config)
    for parameter in model.parameters():
        parameter.zero_()
    layer = model.encoder.block[0].layer[0]
    layer.SelfAttention.v.weight.copy_(torch.eye(WIDTH))
    # So much more than the token's own vector that this no longer counts.
    layer.SelfAttention.o.weight.copy_(torch.eye(WIDTH) * 4000)
    layer.layer_norm.weight.fill_(1)
    model.encoder.final_layer_norm.weight.fill_(1)
    model.shared.weight.copy_(text.vectors(meanings(), words, WIDTH, 3))
    return model.eval().requires_grad_(False)


@torch.no_grad()
def encode(
    captions: Iterable[str], split: PreTrainedTokenizerFast, model: UMT5EncoderModel
) -> torch.Tensor:
    """(n, READ, WIDTH): as the pipeline does it, but for the number of empty tokens."""
    got = split(
        list(captions),
        padding="max_length",
        max_length=READ,
        truncation=True,
        return_tensors="pt",
    )
    seen = model(got.input_ids, got.attention_mask).last_hidden_state
    return seen * got.attention_mask[..., None]
