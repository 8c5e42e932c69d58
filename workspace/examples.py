"""Prompts that the starter model can do, each with the picture that it made of it. They are the
first screen of an empty workspace. Not for what the model knows in general: see its words.json.
"""

from __future__ import annotations

EXAMPLES = (
    ("a castle in the snow at sunset", "ourvidz/examples/castle.webp"),
    ("an apple in a meadow", "ourvidz/examples/apple.webp"),
    ("a robot in the city at night", "ourvidz/examples/robot.webp"),
    ("a balloon in the mountains", "ourvidz/examples/balloon.webp"),
    ("a mushroom in the forest", "ourvidz/examples/mushroom.webp"),
    ("a car in the desert at sunset", "ourvidz/examples/car.webp"),
)
