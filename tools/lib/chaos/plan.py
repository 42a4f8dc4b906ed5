"""What a run is: its size, its faults and the order they come in, all from one seed."""

import dataclasses
import random

from . import bars, control_faults, publisher_faults, relay_faults

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
    """Names of kinds without end, in rounds: each as often as its weight says, and the weights give each bar about as
    many faults. The first round has those whose pauses
    are judged before the others, one of each before any comes again, so that a short run says most."""
    rng = random.Random(f"schedule {seed}")
    deck = [name for name in names for _ in range(KINDS[name].weight)]
    rng.shuffle(deck)
    kinds = sorted(dict.fromkeys(deck), key=lambda name: name not in bars.BARS)
    for name in kinds:
        deck.remove(name)
    yield from kinds
    while True:
        yield from deck
        deck = [name for name in names for _ in range(KINDS[name].weight)]
        rng.shuffle(deck)
