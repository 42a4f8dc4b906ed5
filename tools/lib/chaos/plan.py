"""What a run is: its size, its faults and the order they come in, all from one seed."""

import dataclasses
import random

from . import control_faults, publisher_faults, relay_faults

KINDS = {kind.name: kind for kind in (*relay_faults.KINDS, *control_faults.KINDS, *publisher_faults.KINDS)}


@dataclasses.dataclass(frozen=True)
class Plan:
    directories: int = 3
    origins: int = 2
    relays: int = 4
    edges: int = 4
    streams: int = 6
    viewers: int = 200
    copies: int = 2
    grace: int = 10
    store: str = "memory"
    log_level: str = "info"


def schedule(names, seed):
    """Names of kinds without end: each as often as its weight says, in rounds, each round shuffled anew."""
    rng = random.Random(f"schedule {seed}")
    deck = [name for name in names for _ in range(KINDS[name].weight)]
    while deck:
        rng.shuffle(deck)
        yield from _spread(deck)


def _spread(deck):
    """First one of each kind, so that a short run has met as many kinds as it can, then the rest."""
    first = list(dict.fromkeys(deck))
    rest = list(deck)
    for name in first:
        rest.remove(name)
    return [*first, *rest]
