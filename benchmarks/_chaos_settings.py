"""The site's settings with a broker that can be made to lie. Not for a real site."""

from ourvidz.settings import *  # noqa: F403
from ourvidz.settings import DRAMATIQ_BROKER as RELIABLE

DRAMATIQ_BROKER = RELIABLE | {"BROKER": "benchmarks._bells.UnreliableBroker"}
