"""Faults and changes of the control plane: directories, their store, policy, nodes that come and go."""

import signal
import time

from sluice_e2e.processes import wait_until

from .kind import Kind, bring_back
from .publishers import Encoder


class Controlled(Kind):
    """Done by `sluice ctl`."""

    command = ""

    def lacks(self, stage):
        return stage.machines.lacks_ctl(self.command)


class Drain(Controlled):
    """`sluice ctl drain` of a relay in use, later undrain."""

    name, command = "relay drained", "drain"
    weight = 3

    def strike(self, stage):
        name, behind = stage.a_relay_in_use()
        drain(stage, name, behind)
        fault = stage.during("relay undrained", name, lambda _: stage.machines.ctl("undrain", name), hold=2.0)
        stage.learn_list_time(fault, since=fault.began)


def drain(stage, name, behind):
    """Drains a relay; it must be out of use then."""
    fault = stage.during(Drain.name, name, lambda _: stage.machines.ctl("drain", name), behind, hold=2.0,
                         settled=lambda: name not in stage.relays_in_use())
    stage.learn_list_time(fault, since=fault.began)
    if name in stage.relays_in_use():
        fault.broken.append(f"{name} is drained and still feeds edges")


class Weight(Controlled):
    """Another weight for a relay in use, and its own again."""

    name, command = "weight changed", "weight"
    weight = 3

    def strike(self, stage):
        name, _ = stage.a_relay_in_use()
        for weight in (stage.rng.choice(["0.2", "5"]), "own"):
            fault = stage.during(self.name, f"{name} to {weight}",
                                 lambda _, w=weight: stage.machines.ctl("weight", name, w), hold=2.0)
            stage.learn_list_time(fault, since=fault.began)


class Added(Kind):
    """A relay more, and gone again."""

    name = "relay added"
    weight = 3

    def strike(self, stage):
        name = stage.spare_relay
        bring_back(stage, name, kind=self.name)
        behind = set(stage.relays_in_use().get(name, ()))
        drains = not stage.machines.lacks_ctl("drain")
        if drains:
            drain(stage, name, behind)
            behind = None
        fault = stage.during("relay taken away" if behind is None else "relay stopped", name,
                             lambda _: stage.machines[name].process.stop(), behind, hold=1.5)
        stage.learn_list_time(fault)
        if drains:
            stage.machines.ctl("undrain", name)


class Nothing(Kind):
    """Nothing is done: what the table shows for it is the noise of machine and tool."""

    name = "nothing done"
    weight = 2

    def strike(self, stage):
        stage.during(self.name, "", lambda _: None, hold=3.0)


class EdgeRestart(Kind):
    """kill -9 of an edge without viewers, and started again: how soon it shows a picture."""

    name = "edge restarted"
    weight = 4

    def strike(self, stage):
        edge = stage.machines[stage.spare_edge]

        def restart(fault):
            edge.process.kill()
            begun = stage.machines.start(edge.name)
            fault.serving = stage.first_byte(edge.url(f"/{stage.rng.choice(stage.keys)}.flv"), begun)

        stage.during(self.name, edge.name, restart, hold=1.0)


class EdgeLeaves(Kind):
    """SIGTERM of an edge with viewers: it tells each of them to go to another edge, they go, and it ends. Later it is
    started again and its viewers are sent home."""

    name = "edge told to end"
    weight = 20
    limit = 10.0  # seconds until it has ended: its drain timeout is 5

    def strike(self, stage):
        edge = stage.rng.choice(stage.edges())
        others = {one.name: one.url("") for one in stage.edges() if one is not edge}
        seats = sum(name == edge.name for _, name, _, _ in stage.seats())
        stage.watcher.expect_leaving(edge.name, others)
        fault = stage.during(self.name, edge.name, lambda _: self.end(edge), hold=1.0)
        if fault.sent_away != seats:
            fault.broken.append(f"{fault.sent_away} of {seats} viewers were told to go elsewhere")
        stage.machines.start_and_wait(edge.name)
        stage.watcher.go_home()

    def end(self, edge):
        edge.process.signal(signal.SIGTERM)
        wait_until(f"{edge.name} to have ended", lambda: not edge.alive, self.limit)


class Directories(Kind):
    """Some or all directories are killed; meanwhile a new stream starts and is watched."""

    count = 1
    weight = 3

    def strike(self, stage):
        victims = stage.rng.sample([d.name for d in stage.machines.of("directory")], self.count)

        def kill(fault):
            for name in victims:
                stage.machines[name].process.kill()
            new_stream_plays(stage, fault)

        stage.during(self.name, " ".join(victims), kill, hold=3.0)

        def start(_):
            for name in victims:
                stage.machines.start(name)
            for name in victims:
                stage.machines.wait_ready(name)

        stage.during(f"{self.name}, back", " ".join(victims), start, hold=2.0)


class OneDirectory(Directories):
    name = "one directory dead"


class TwoDirectories(Directories):
    name, count = "two directories dead", 2


class AllDirectories(Directories):
    name, count = "all directories dead", 3


class StoreDead(Kind):
    """etcd, where the directories keep their state, is killed and comes back later."""

    name = "etcd dead"
    weight = 3

    def lacks(self, stage):
        return "" if stage.machines.store else "the directories keep their state in memory"

    def strike(self, stage):
        def kill(fault):
            stage.machines.store.process.kill()
            new_stream_plays(stage, fault)

        stage.during(self.name, "", kill, hold=3.0)
        stage.during(f"{self.name}, back", "", lambda _: stage.machines.start_store(), hold=2.0)


class RelayWithoutDirectories(Kind):
    """All directories are dead, then the relay in use is killed, and comes back by the list it saved."""

    name = "relay killed without directories"
    weight = 5

    def strike(self, stage):
        directories = [d.name for d in stage.machines.of("directory")]
        for name in directories:
            stage.machines[name].process.kill()
        time.sleep(1)
        relay, behind = stage.a_relay_in_use()
        stage.during(self.name, relay, lambda _: stage.machines[relay].process.kill(), behind)
        bring_back(stage, relay, kind="relay returned without directories")
        for name in directories:
            stage.machines.start(name)


def new_stream_plays(stage, fault):
    """A stream nobody knew of is published now and seen at two edges."""
    count = sum(1 for one in stage.faults if one.kind == fault.kind)
    key = f"live/new{int(fault.began * 10) % 1000000}x{count}"
    encoder = Encoder(stage.folder, key, "rtmp", stage.rng.choice(stage.machines.of("origin")))
    begun = time.monotonic()
    encoder.start()
    try:
        edges = [edge for edge in stage.machines.of("edge") if edge.name != stage.spare_edge]
        for edge in stage.rng.sample(edges, 2):
            took = stage.first_byte(edge.url(f"/{key}.flv"), begun, limit=8.0)
            fault.notes.append(f"{key} played at {edge.name} {took:.2f} s after its encoder was started")
    finally:
        encoder.stop()


KINDS = (Drain(), Weight(), Added(), OneDirectory(), TwoDirectories(), AllDirectories(), StoreDead(),
         RelayWithoutDirectories(), EdgeRestart(), EdgeLeaves(), Nothing())
