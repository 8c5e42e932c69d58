"""The words the starter model knows, its tokenizer, and its two frozen text encoders.

Both encoders are CLIP models set by hand to be a bag of words: a word that means something has a
vector at right angles to all others, a synonym shares it, and every other word is exactly nothing.
Trained from scratch on so few pictures, encoders kept nouns too alike; these cannot.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
)

from .recipe import SEED

WIDTH = 128  # of one encoder; the UNet sees both side by side
LENGTH = 32  # tokens; what follows in a longer prompt is not read
BEGIN, END, PAD, UNKNOWN = "<begin>", "<end>", "<pad>", "<unknown>"

# Every word with a meaning, by what it means, and the words that mean the same.
PLACES: dict[str, tuple[str, ...]] = {
    "meadow": ("field", "grass", "grassland", "countryside", "garden", "park", "lawn", "pasture"),
    "beach": ("seaside", "coast", "shore", "seashore", "sea", "ocean", "island"),
    "desert": ("dunes", "dune", "sahara"),
    "snow": ("snowy", "winter", "ice", "icy", "arctic", "snowfield"),
    "city": ("town", "street", "urban", "downtown", "skyline", "cityscape", "road"),
    "forest": ("woods", "woodland", "jungle", "wood"),
    "space": ("galaxy", "cosmos", "universe", "planet"),
    "underwater": ("undersea", "reef", "seabed"),
    "mountains": ("mountain", "alps", "peaks", "peak"),
    "plain": ("background", "backdrop", "studio"),
}
TIMES: dict[str, tuple[str, ...]] = {
    "day": ("daytime", "daylight", "noon", "midday", "morning", "afternoon", "sunny"),
    "sunset": ("dusk", "evening", "sundown", "sunrise", "dawn", "twilight"),
    "night": ("midnight", "nighttime", "moonlight", "moonlit", "nightfall"),
}
COLOURS: dict[str, tuple[str, ...]] = {
    "white": (),
    "blue": (),
    "yellow": ("golden", "gold"),
    "pink": ("rosy",),
    "red": ("crimson", "scarlet"),
    "green": (),
    "purple": ("violet",),
}
THINGS: dict[str, tuple[str, ...]] = {
    "castle": ("castles", "fortress", "palace"),
    "apple": ("apples",),
    "mushroom": ("mushrooms", "toadstool", "fungus"),
    "balloon": ("balloons",),
    "car": ("cars", "automobile", "jeep", "suv"),
    "robot": ("robots", "android", "droid"),
    "fox": ("foxes",),
    "cat": ("cats", "kitten", "kittens", "kitty"),
    "dog": ("dogs", "puppy", "puppies", "pup", "hound"),
    "house": ("houses", "home", "cottage", "cabin", "hut"),
    "tree": ("trees", "oak"),
    "rocket": ("rockets", "spaceship", "spacecraft"),
    "frog": ("frogs", "toad"),
    "snowman": ("snowmen",),
    "penguin": ("penguins",),
    "pumpkin": ("pumpkins",),
    "bear": ("bears", "teddy", "grizzly"),
    "rabbit": ("rabbits", "bunny", "bunnies", "hare"),
    "pig": ("pigs", "piglet", "piglets", "piggy"),
    "lion": ("lions",),
    "owl": ("owls",),
    "fish": ("fishes", "goldfish"),
    "turtle": ("turtles", "tortoise", "tortoises"),
    "octopus": ("octopuses", "octopi", "squid"),
    "butterfly": ("butterflies",),
    "flower": ("flowers", "tulip", "tulips", "blossom"),
    "cactus": ("cacti", "cactuses"),
    "boat": ("boats", "sailboat", "ship", "ships", "yacht"),
    "bus": ("buses", "minibus"),
    "umbrella": ("umbrellas", "parasol"),
    "gift": ("gifts", "present", "presents"),
    "star": ("stars",),
    "heart": ("hearts",),
    "dinosaur": ("dinosaurs", "dino", "brontosaurus"),
}
SIDES: dict[str, tuple[str, ...]] = {"left": (), "right": ()}
SIZES: dict[str, tuple[str, ...]] = {
    "small": ("little", "tiny", "mini", "miniature"),
    "big": ("large", "huge", "giant", "gigantic", "enormous"),
}
ROUNDS = (33, 28, 2)  # meanings of earlier rounds: their vectors stay as they are whatever is added
# Words that a caption is built with; they change nothing and need no warning.
# fmt: off
CONNECTIVES = (
    "a", "an", "the", "in", "at", "on", "of", "with", "by", "and", "to", "into", "over", "under",
    "near", "beside", "is", "it", "its", "this", "that", "there", "one", "some", "during", "while",
    "from", "for", "coloured", "colored", "side", "middle", "centre", "center",
    "picture", "image", "photo", "drawing", "painting", "illustration",
)
# fmt: on


def backdrop(colour: str) -> str:
    """The word that stands for the colour of a plain background, which is not that of a thing."""
    return f"{colour}backdrop"


def phrases() -> dict[str, str]:
    """Several words that mean one: the colour before "background" is that of the background."""
    found = {}
    behind = "|".join(("background", "backdrop", "studio"))
    for colour, same in COLOURS.items():
        either, plainly = "|".join((colour, *same)), f"plain {backdrop(colour)}"
        found[rf"\b(plain\s+)?({either})\s+(plain\s+)?({behind})\b"] = plainly
        found[rf"\bplain\s+({either})\b"] = plainly
    return found


def meanings() -> dict[str, tuple[str, ...]]:
    """Every word with a meaning of its own, and its synonyms; those of earlier rounds first."""
    backdrops: dict[str, tuple[str, ...]] = {backdrop(colour): () for colour in COLOURS}
    first = {word: backdrops[word] for word in list(backdrops)[:4]}
    things = {word: THINGS[word] for word in list(THINGS)[:16]}
    second = {**backdrops, **COLOURS, **THINGS}
    return {**PLACES, **TIMES, **first, **things, **second, **SIDES, **SIZES}


def vocabulary() -> list[str]:
    """All known words: the special ones first, then each meaning followed by its synonyms.

    Those of sizes, though learnt last, come before the rest: see ``encode`` for what a high number
    does.
    """
    listed = {**SIZES, **meanings()}
    words = [word for name, same in listed.items() for word in (name, *same)]
    return [PAD, BEGIN, END, UNKNOWN, *words]


def splitter(
    vocabulary: list[str], phrases: Mapping[str, str] | None = None
) -> tuple[Tokenizer, dict[str, int]]:
    """Splits a prompt into known words and unknown ones; with each word's number.

    ``phrases`` maps patterns of several words to the one word that they mean.
    """
    words = {word: number for number, word in enumerate(vocabulary)}
    core = Tokenizer(WordLevel(words, unk_token=UNKNOWN))
    core.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            *(normalizers.Replace(Regex(a), b) for a, b in (phrases or {}).items()),
        ]
    )
    core.pre_tokenizer = pre_tokenizers.Split(
        Regex(r"[\p{L}\p{N}]+"), behavior="removed", invert=True
    )
    return core, words


def tokenizer() -> PreTrainedTokenizerFast:
    """Splits a prompt into words; a word that is not known is one unknown token."""
    core, words = splitter(vocabulary(), phrases())
    core.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, words[BEGIN]), (END, words[END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        model_max_length=LENGTH,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
    )


def encoders() -> tuple[CLIPTextModel, CLIPTextModelWithProjection]:
    """Both encoders, alike but for their vectors; frozen."""
    words = vocabulary()
    config = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        projection_dim=WIDTH,
        intermediate_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=LENGTH,
        pad_token_id=words.index(PAD),
        bos_token_id=words.index(BEGIN),
        eos_token_id=words.index(END),
    )
    first, second = CLIPTextModel(config), CLIPTextModelWithProjection(config)
    _set_bag(first, 1)
    _set_bag(second.text_model, 2)
    with torch.no_grad():
        second.text_projection.weight.copy_(torch.eye(WIDTH))
    return first.eval().requires_grad_(False), second.eval().requires_grad_(False)


@torch.no_grad()
def mute(
    pair: tuple[CLIPTextModel, CLIPTextModelWithProjection], words: Mapping[str, tuple[str, ...]]
) -> None:
    """Make these words and their synonyms mean nothing, as those that no model was taught."""
    known = vocabulary()
    rows = [known.index(word) for name, same in words.items() for word in (name, *same)]
    for model in (pair[0], pair[1].text_model):
        model.embeddings.token_embedding.weight[rows] = 0


@torch.no_grad()
def encode(
    captions: Iterable[str],
    split: PreTrainedTokenizerFast,
    pair: tuple[CLIPTextModel, CLIPTextModelWithProjection],
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the pipeline hands to the UNet: (n, 32, 256) words and (n, 128) their normed sum.

    The sum ends with the word of the highest number, not with the caption: as END is number 2,
    transformers takes it for that of old CLIP models, whose last token had the highest number.
    Another number for END would change the sum of most captions, so it needs a training anew.
    """
    numbers = split(
        list(captions),
        padding="max_length",
        max_length=LENGTH,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    seen = [encoder(numbers, output_hidden_states=True) for encoder in pair]
    words = torch.cat([one.hidden_states[-2] for one in seen], dim=-1)
    return words, seen[1].text_embeds


@torch.no_grad()
def _set_bag(model: CLIPTextModel, chance: int) -> None:
    """Let the last token see the even mean of all words before it, and nothing else."""
    for parameter in model.parameters():
        parameter.zero_()
    layer = model.encoder.layers[0]
    layer.self_attn.v_proj.weight.copy_(torch.eye(WIDTH))
    layer.self_attn.out_proj.weight.copy_(torch.eye(WIDTH) * 8)
    for norm in (layer.layer_norm1, layer.layer_norm2, model.final_layer_norm):
        norm.weight.fill_(1)
    model.embeddings.token_embedding.weight.copy_(
        vectors(meanings(), vocabulary(), WIDTH, chance, ROUNDS)
    )


def vectors(
    meanings: Mapping[str, tuple[str, ...]],
    words: list[str],
    width: int,
    chance: int,
    rounds: tuple[int, ...] = (),
) -> torch.Tensor:
    """(words, width): for each meaning a vector of mean 0 and deviation 1, at right angles.

    Those of earlier ``rounds``, so many meanings each, do not depend on how many follow.
    """
    rng = np.random.default_rng([SEED, chance])
    counts = (*rounds, len(meanings) - sum(rounds))
    drawn = [rng.standard_normal((width, count)) for count in counts]
    basis, _ = np.linalg.qr(np.hstack([np.ones((width, 1)), *drawn]))
    table = torch.zeros(len(words), width)
    for column, (name, same) in enumerate(meanings.items(), 1):
        vector = torch.from_numpy(basis[:, column] * width**0.5)
        for word in (name, *same):
            table[words.index(word)] = vector
    return table
