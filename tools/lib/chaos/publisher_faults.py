"""Faults of publishers and origins."""

import time

from .kind import Kind


class PublisherReturns(Kind):
    """The encoder dies without a goodbye and comes back within the grace time."""

    name = "publisher reconnects"
    weight = 20

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
    weight = 10

    def strike(self, stage):
        fullest = max(stage.machines.of("origin"), key=lambda o: sum(e.origin is o for e in stage.encoders.values()))
        key = stage.rng.choice([key for key, encoder in stage.encoders.items() if encoder.origin is fullest])
        encoder = stage.encoders[key]
        target = next(o for o in stage.machines.of("origin") if o is not encoder.origin)
        before = {key: len(stage.watcher.heads(key))}

        def move(_):
            encoder.kill()
            time.sleep(0.3)
            encoder.origin = target
            go_on_trying(stage, [encoder], before)

        stage.during(self.name, f"{key} to {target.name}", move, behind_key(stage, key), hold=3.0)
        try:
            go_on_trying(stage, [encoder], before, limit=30.0)  # where it was refused: the next fault wants it whole
        except AssertionError as error:
            stage.faults[-1].broken.append(str(error))


class OriginDies(Kind):
    """kill -9 of an origin; its encoders go to the other one."""

    name = "origin dead, its streams move"
    weight = 10

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
            go_on_trying(stage, moved, before)

        stage.during(self.name, origin.name, die, behind_key(stage, *(e.key for e in moved)), hold=3.0)
        stage.machines.start_and_wait(origin.name)


def go_on_trying(stage, encoders, before, limit=8.0):
    """Starts encoders as people do who are refused: again and again, until each one's stream has a new log. `before`:
    {key: how many it had}."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        waiting = [e for e in encoders if len(stage.watcher.heads(e.key)) == before[e.key]]
        if not waiting:
            return
        for encoder in waiting:
            if not encoder.alive:
                encoder.start()
        time.sleep(0.05)
    raise AssertionError(", ".join(f"{e.origin.name} did not take {e.key}" for e in waiting))


KINDS = (PublisherReturns(), PublisherMoves(), OriginDies())
