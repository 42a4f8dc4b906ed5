"""The running cluster with its encoders, viewers and proxies, and the one way to watch a fault happen to it."""

import collections
import time

from sluice_e2e import plain_http
from sluice_e2e.processes import wait_until

from . import machines
from .fault import Fault
from .node_logs import NodeLogs
from .proxy import Proxies
from .publishers import Encoder
from .sockets import Closed, ViewerSocket
from .watcher import Watcher

SETTLE_LIMIT = 30.0
UNSETTLED_LIMIT = 12.0
CATCH_UP_LIMIT = 20.0
CAUGHT_UP = 0.2  # seconds; a viewer that lacks nothing older has caught up
SLOW = 3.0  # seconds; who takes longer to be whole again is told of
STEADY = 1.2  # seconds of calm before a fault
FIRST_PROXY_PORT = 8600
PROXIED = 2  # the last so many relays are reached through proxies


class NotNow(Exception):
    """The cluster has at this moment nothing that a kind of fault could be done to."""


class Stage:
    def __init__(self, network, folder, binary, plan, rng):
        self.plan, self.rng, self.network, self.folder = plan, rng, network, folder
        self.machines = machines.cluster(network, folder, binary, plan)
        self.logs = NodeLogs(folder)
        self.keys = [f"live/room{i + 1}" for i in range(plan.streams)]
        self.faults = []
        self.worst_stall = 0.0  # seconds the watcher did not run
        self.spare_relay, self.spare_edge = f"r{plan.relays + 1}", f"e{plan.edges + 1}"
        self.relays = [f"r{i + 1}" for i in range(plan.relays)]
        self.hedging = {f"e{plan.edges}"} if self.machines.can("--hedge") else set()
        self.watcher = Watcher([self.machines.records / origin.name for origin in self.machines.of("origin")])
        self._place_proxies()
        origins = self.machines.of("origin")
        self.encoders = {key: Encoder(folder, key, "post" if i % 3 == 2 else "rtmp", origins[i % len(origins)])
                         for i, key in enumerate(self.keys)}

    def _place_proxies(self):
        plan = {}
        for i, name in enumerate(self.relays[-PROXIED:]):
            relay = self.machines[name]
            listen = (self.network.hub, self.network.port(FIRST_PROXY_PORT + i))
            plan[name] = (listen, (relay.address, relay.ports["trunk"]))
            relay.arguments += ["--trunk-advertise", f"{listen[0]}:{listen[1]}"]
        self.proxies = Proxies(plan)

    def start(self):
        self.machines.start_store()
        names = [name for name in self.machines.all if name != self.spare_relay]
        for name in names:
            self.machines.start(name)
        for name in names:
            self.machines.wait_ready(name)
        for encoder in self.encoders.values():
            encoder.start()
        for key in self.keys:
            wait_until(f"{key} to be recorded", lambda k=key: self.watcher.heads(k), 15)
        time.sleep(1)
        refused = self.watcher.open(list(self.seats()))
        if refused:
            raise AssertionError(f"{len(refused)} viewers were refused, the first: {refused[0]}")
        self.settle()
        time.sleep(2)

    def seats(self):
        """(viewer, edge, key, URL) of each."""
        edges = self.edges()
        for i in range(self.plan.viewers):
            edge, key = edges[i % len(edges)], self.keys[i // len(edges) % len(self.keys)]
            scheme = "ws" if i // len(edges) // len(self.keys) % 2 == 0 else "http"
            yield f"v{i + 1}", edge.name, key, edge.url(f"/{key}.flv", scheme)

    def edges(self):
        """Those with viewers."""
        return [edge for edge in self.machines.of("edge") if edge.name != self.spare_edge]

    def upstreams(self):
        return self.machines.upstreams(self.keys)

    def relays_in_use(self, among=None):
        """The relays that feed an edge, the busiest first, as {name: [(edge, key)]}."""
        used = collections.defaultdict(list)
        for seat, path in self.upstreams().items():
            if seat[0] != self.spare_edge:
                for name in path[1:-1]:
                    used[name].append(seat)
        return {name: seats for name, seats in sorted(used.items(), key=lambda one: -len(one[1]))
                if among is None or name in among}

    def a_relay_in_use(self, among=None):
        """A relay, drawn, and what hangs on it."""
        used = self.relays_in_use(among)
        if not used:
            raise NotNow(f"no relay{' of ' + ', '.join(among) if among else ''} feeds an edge")
        name = self.rng.choice(list(used))
        return name, set(used[name])

    def during(self, kind, what, action, behind=None, hold=1.2, settled=None):
        """Does `action`, watches for `hold` seconds and until everybody has everything, and writes it down. `behind`:
        the (edge, key) that the fault is about, None: all. `settled()` says whether the end can be judged."""
        self._judge_aftermath()
        self.proxies.stood_still()
        fault = Fault(kind, what, time.time())
        begun = time.monotonic()
        try:
            action(fault)
        except (AssertionError, OSError, Closed) as error:
            fault.broken.append(str(error).splitlines()[0])
        left = hold - (time.monotonic() - begun)
        if left > 0:
            time.sleep(left)
        self._wait_caught_up(settled)
        fault.saw(self._report(), behind, self.hedging)
        fault.proxy_late = self.proxies.stood_still()
        self.faults.append(fault)
        self.watcher.begin()
        return fault

    def _wait_caught_up(self, settled):
        deadline = time.monotonic() + CATCH_UP_LIMIT
        while time.monotonic() < deadline:
            waiting, absent = self.watcher.behind()
            if waiting < CAUGHT_UP and not absent and (settled is None or settled()):
                return
            time.sleep(0.05)

    def _report(self):
        """What the viewers saw since the watcher began."""
        report = self.watcher.end()
        self.worst_stall = max([self.worst_stall, *(end - begin for begin, end in report["stalls"])])
        return report

    def _judge_aftermath(self):
        """What happened since the last fault was over is its doing too."""
        if self.faults:
            self.faults[-1].saw_afterwards(self._report())
        self.watcher.begin()

    def list_holders(self, without=()):
        """Nodes that log the relay list and can hear of a new one."""
        return [m.name for m in self.machines.all.values()
                if m.role != "directory" and m.alive and not m.cut_off and m.name not in without]

    def learn_list_time(self, fault, since=None, without=()):
        """How long after the first node (or `since`, unix seconds) the last one knew the new list."""
        known = self.logs.list_known(fault.began, time.time(), self.list_holders(without))
        if known:
            fault.list_known = known[1] - (since if since is not None else known[0])

    def _missing(self):
        """What keeps the cluster from being whole and calm, in words."""
        members = [m for m in self.machines.all.values() if m.name != self.spare_relay]
        missing = [f"{m.name} is not ready" for m in members if not m.alive or not m.ready()]
        nodes = self.machines["e1"].get("nodes")
        states = {one["id"]: one["state"] for one in nodes["nodes"]} if nodes else {}
        missing += [f"e1 has {m.name} as {states.get(m.name, 'absent')}" for m in members
                    if m.role != "directory" and states.get(m.name) not in ("ready", "failing")]
        paths = self.upstreams()
        missing += [f"{edge.name} has no way to {key}" for edge in self.machines.of("edge") for key in self.keys
                    if edge.name != self.spare_edge and (edge.name, key) not in paths]
        waiting, absent = self.watcher.behind()
        missing += [f"a viewer lacks the last {waiting:.1f} s"] if waiting > CAUGHT_UP else []
        missing += [f"{absent} viewers have no connection"] if absent else []
        return missing

    def _unsettled(self):
        """What else is not as it was, in words: it is waited for, but only so long. A relay that failed is ranked last
        for 10 s, longer each time; and until its hedge's pulls come apart an edge's viewers are as others."""
        nodes = self.machines["e1"].get("nodes")
        missing = [f"e1 has {one['id']} as failing" for one in (nodes["nodes"] if nodes else [])
                   if one["state"] == "failing"]
        if self.plan.copies > 1:
            missing += [f"{name} pulls {key} through one relay only" for name in sorted(self.hedging)
                        for key in self.machines.ways_together(self.machines[name], self.keys)]
        return missing

    def settle(self):
        """Waits until the cluster is whole and calm; the last fault is broken if it does not get there. Returns what
        was waited for longest, "" when not much was."""
        begun, last = time.monotonic(), []
        while (missing := self._missing()) or (missing := self._unsettled()):
            last = missing
            if time.monotonic() - begun > UNSETTLED_LIMIT and not self._missing():
                break
            if time.monotonic() - begun > SETTLE_LIMIT:
                problem = f"not whole within {SETTLE_LIMIT:.0f} s: {'; '.join(missing[:4])}"
                if not self.faults:
                    raise AssertionError(problem)
                self.faults[-1].broken.append(problem)
                break
            time.sleep(0.1)
        took = time.monotonic() - begun
        time.sleep(STEADY)
        self._judge_aftermath()
        return f"whole only after {took:.1f} s: {'; '.join(last[:4])}" if took > SLOW else ""

    def serving_again(self, relay, begun):
        """Seconds since `begun` until a relay that was started then is ready and shows one of its own streams, if
        it has any."""
        self.machines.wait_ready(relay)
        ready = time.monotonic() - begun
        for key in self.keys:
            found = self.machines["e1"].get(f"enumerate/{key}")
            if found and relay in [one["id"] for one in found["head"]]:
                return self.first_byte(self.machines[relay].url(f"/{key}.flv"), begun)
        return ready

    def first_byte(self, url, begun, limit=5.0):
        """Seconds since `begun` until a viewer that keeps trying gets the first bytes of picture."""
        deadline = begun + limit
        while time.monotonic() < deadline:
            try:
                viewer = ViewerSocket(url)
            except (OSError, plain_http.Refused, AssertionError):
                time.sleep(0.01)
                continue
            try:
                got = 0
                while time.monotonic() < deadline:
                    got += len(viewer.read())
                    if got > viewer.place.preface:
                        return time.monotonic() - begun
                    time.sleep(0.002)
            finally:
                viewer.close()
        raise AssertionError(f"{url}: no picture within {limit} s")

    def end(self):
        for encoder in self.encoders.values():
            encoder.kill()
        self.machines.end()
