"""Faults of publishers and origins."""

import time

from .kind import Kind


class PublisherReturns(Kind):
    """The encoder dies without a goodbye and comes back within the grace time."""

    name = "publisher reconnects"
    weight = 2

    def strike(self, stage):
        key = stage.rng.choice(stage.keys)
        encoder = stage.encoders[key]
        absence = stage.rng.choice([0.2, 1.0, 2.5])

        def return_later(_):
            encoder.kill()
            time.sleep(absence)
            encoder.start()

        lengths = stage.watcher.heads(key)
        fault = stage.during(self.name, f"{key} at {encoder.origin.name}, away {absence} s", return_later,
                             behind_key(stage, key), hold=absence + 2.0,
                             settled=lambda: encoder.alive and grown(stage, key, lengths))
        if len(stage.watcher.heads(key)) != len(lengths):
            fault.broken.append("it did not continue the same log")


def behind_key(stage, *keys):
    return {(edge.name, key) for edge in stage.machines.of("edge") for key in keys}


def grown(stage, key, before):
    now = stage.watcher.heads(key)
    return bool(now) and (len(now) > len(before) or now[-1][1] > before[-1][1] + 100_000)


class PublisherMoves(Kind):
    """The encoder goes to another origin, while its old one still waits for it."""

    name = "publisher moves to another origin"

    def strike(self, stage):
        fullest = max(stage.machines.of("origin"), key=lambda o: sum(e.origin is o for e in stage.encoders.values()))
        key = stage.rng.choice([key for key, encoder in stage.encoders.items() if encoder.origin is fullest])
        encoder = stage.encoders[key]
        target = next(o for o in stage.machines.of("origin") if o is not encoder.origin)
        before = stage.watcher.heads(key)

        def move(_):
            encoder.kill()
            time.sleep(0.3)
            encoder.origin = target
            go_on_trying(stage, [encoder])

        fault = stage.during(self.name, f"{key} to {target.name}", move, behind_key(stage, key), hold=3.0,
                             settled=lambda: len(stage.watcher.heads(key)) > len(before))
        if len(stage.watcher.heads(key)) == len(before):
            fault.broken.append(f"{target.name} did not take the stream")
            go_on_trying(stage, [encoder])


class OriginDies(Kind):
    """kill -9 of an origin; its encoders go to the other one."""

    name = "origin dead, its streams move"

    def strike(self, stage):
        origin = stage.rng.choice([o for o in stage.machines.of("origin")
                                   if any(e.origin is o for e in stage.encoders.values())])
        other = next(o for o in stage.machines.of("origin") if o is not origin)
        moved = [e for e in stage.encoders.values() if e.origin is origin]
        before = {e.key: len(stage.watcher.heads(e.key)) for e in moved}

        def die(_):
            origin.process.kill()
            for encoder in moved:
                encoder.kill()
                encoder.origin = other
            time.sleep(0.3)
            go_on_trying(stage, moved)

        fault = stage.during(self.name, origin.name, die, behind_key(stage, *(e.key for e in moved)), hold=3.0,
                             settled=lambda: all(len(stage.watcher.heads(key)) > n for key, n in before.items()))
        for key, count in before.items():
            if len(stage.watcher.heads(key)) == count:
                fault.broken.append(f"{other.name} did not take {key}")
        stage.machines.start_and_wait(origin.name)


def go_on_trying(stage, encoders, limit=8.0):
    """Starts encoders as people do who are refused: again and again, until they stay."""
    deadline = time.monotonic() + limit
    since = {}
    while time.monotonic() < deadline:
        for encoder in encoders:
            if not encoder.alive:
                encoder.start()
                since[encoder.key] = time.monotonic()
        if all(e.alive and time.monotonic() - since.get(e.key, 0) > 1.0 for e in encoders):
            return
        time.sleep(0.1)


KINDS = (PublisherReturns(), PublisherMoves(), OriginDies())
