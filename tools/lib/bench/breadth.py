"""Many streams, many publishers, several workers."""

import os
import signal
import statistics
import threading
import time

from sluice_e2e.processes import wait_until

from . import rig
from .fanout import ages, whole
from .report import Row


def beyond_kib(node, before, count):
    """Memory a stream takes at a node beyond the bytes that are retained of it, by some of them for all."""
    taken = (rig.memory_kib(node.pid) - before) / count
    some = [node.api(f"streams/live/s{i}") for i in range(0, count, max(1, count // 20))]
    if not all("retained_bytes" in stream for stream in some):
        raise AssertionError(f"{node.name} no longer carries all streams")
    return taken - statistics.mean(stream["retained_bytes"] for stream in some) / 1024


def streams(make_rig, given):
    """1,000 streams with a viewer each against one stream with 1,000 viewers; what a stream costs in memory."""
    count = given.streams
    part = "Many streams"
    with make_rig() as r:
        edge = r.tree("--workers", "1")
        one = r.publish("300 kbit/s", "live/one")
        time.sleep(2)
        single = r.load(edge, "ws", key="live/one", viewers=count, seconds=given.seconds)
        one.result()
        relay, origin = r.nodes["r1"], r.nodes["o1"]
        before = {node: rig.memory_kib(node.pid) for node in (edge, relay, origin)}
        r.publish("300 kbit/s", "live/s", streams=count)
        wait_until("all streams at the relay", lambda: len(relay.api("streams")["streams"]) >= count, 30, every=1)
        time.sleep(3)
        many = r.load(edge, "ws", key="live/s", streams=count, viewers=count, seconds=given.seconds, check_every=10,
                      settle=5)
        # The edge keeps what nobody watches for a while: the same pulls without viewers.
        usage = rig.Usage(edge.pid)
        time.sleep(5)
        idle = usage.seconds() / 5
        carried = sum(1 for stream in edge.api("streams")["streams"] if stream["key"].startswith("live/s"))
        price = (many["cpu"] - idle * many["seconds"]) / (many["bytes"] / 1e9)
        yield Row(part, f"{count} streams of 300 kbit/s, one viewer each, the pulls' own cost taken off",
                  f"{price:.2f} CPU s a GB, {price / single['cpu_per_gb']:.2f} x one stream with {count} viewers "
                  f"({single['cpu_per_gb']:.2f}); pulls alone {100 * idle:.0f} % of the core with {carried} streams; "
                  f"{whole(many)[1]}; {ages(many)}", "1.3 x",
                  price <= 1.3 * single["cpu_per_gb"] and whole(many)[0], {"many": many, "single": single, "idle": idle})
        each = {node.name: beyond_kib(node, kib, count) for node, kib in before.items()}
        yield Row(part, "memory of a stream beyond the bytes it retains: edge, relay, origin",
                  ", ".join(f"{kib:.0f}" for kib in each.values()) + " KiB", "300 KiB", max(each.values()) <= 300,
                  {"each": each})


def standstill(make_rig, given):
    """A relay that stands still for two seconds, and then has all that it carries begin anew at once, from origin and edge."""
    count, pause = given.streams * 6 // 5, 2.0
    with make_rig() as r:
        edge = r.tree("--workers", "1")
        relay = r.nodes["r1"]
        r.publish("300 kbit/s", "live/s", streams=count)
        wait_until("all streams at the relay", lambda: len(relay.api("streams")["streams"]) >= count, 60, every=1)
        time.sleep(3)

        def stand_still():
            os.kill(relay.pid, signal.SIGSTOP)
            time.sleep(pause)
            os.kill(relay.pid, signal.SIGCONT)

        told = r.load(edge, "ws", key="live/s", streams=count, viewers=count, seconds=20, check_every=10, settle=5,
                      during=threading.Timer(3, stand_still).start)
        yield Row("A relay that stood still", f"{count} streams of 300 kbit/s by one relay, which is frozen for {pause:.0f} s",
                  f"{whole(told)[1]}; {ages(told)}", "no viewer ended", told["failed"] == 0,
                  {"told": told})


def publishers(make_rig, given):
    """An origin that takes 200 publishers."""
    with make_rig() as r:
        r.directory("d1")
        origin = r.under_test(lambda: r.origin("o1", "--workers", "1"))
        r.wait_ready()
        before = rig.memory_kib(origin.pid)
        publish = r.publish("2.5 Mbit/s", "live/p", streams=given.publishers)
        time.sleep(12)
        usage, seconds = rig.Usage(origin.pid), given.seconds
        time.sleep(seconds)
        used, memory = usage.seconds(), (rig.memory_kib(origin.pid) - before) / 1024
        gigabytes = given.publishers * 2.5e6 / 8 * seconds / 1e9
        told = publish.result()
        yield Row("Many publishers", f"{given.publishers} RTMP publishers of 2.5 Mbit/s at one worker",
                  f"{used / gigabytes:.2f} CPU s a GB taken in, {100 * used / seconds:.0f} % of the core; {memory:.0f} MiB; "
                  f"a publisher's worst wait {told['worst_delay_ms']:.0f} ms", "no drop", not told["failure"], {"told": told})


def spread_over_workers(edge):
    """Seen while the viewers are there: how many each data thread has."""
    return [int(edge.metric("sluice_worker_viewers", worker=i)) for i in range(2)]


def workers(make_rig, given):
    """Two workers at half load against one, and how the viewers spread."""
    part = "Two workers"
    with make_rig() as r:
        prices, spreads = {}, []
        edge = r.tree("--workers", "1")
        two = r.under_test(lambda: r.edge("e2", "--workers", "2"), cores=2)
        two.wait_ready()
        r.publish()
        time.sleep(3)
        for _ in range(given.pairs):
            for name, server in (("one", edge), ("two", two)):
                during = (lambda: spreads.append(spread_over_workers(two))) if server is two else None
                told = r.load(server, "ws", viewers=given.viewers, seconds=given.seconds, during=during)
                prices.setdefault(name, []).append(told["cpu_per_gb"])
        quotients = [b / a for a, b in zip(prices["one"], prices["two"])]
        yield Row(part, f"CPU a GB, two workers against one, {given.viewers} viewers",
                  f"{statistics.median(quotients):.2f} x ({min(quotients):.2f} to {max(quotients):.2f}, "
                  f"{len(quotients)} pairs)", "1.1 x", statistics.median(quotients) <= 1.1, {"ratios": quotients})
        worst = max(spreads, key=max)
        yield Row(part, f"{given.viewers} viewers spread over the two, worst of {len(spreads)} runs",
                  f"{worst[0]} and {worst[1]}", "60:40", max(worst) <= 0.6 * sum(worst), {"spreads": spreads})
