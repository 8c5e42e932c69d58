"""The worker moved by hand and its preset, as in the tests of the protocol."""

from tests.workers.conftest import fresh, hand, new_hand, png, preset, queue

__all__ = ["fresh", "hand", "new_hand", "png", "preset", "queue"]
