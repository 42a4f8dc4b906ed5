"""The price of fan-out against a bare sender, pair by pair, and what one worker carries."""

import statistics
import time

from . import rig
from .report import Row

PART = "Fan-out against the bare sender"
TURN = 2.0  # seconds
# Viewers look at random moments, not when woken: beside the other server they would come while one sends and after
# the other has, and a sender that is read from while it sends pays more.
LOOK = 10  # ms
MODES = {"each frame": ("frame", "0", 1.12), "100 ms": ("100", "100", 1.2), "350 ms": ("350", "350", 1.2)}


def whole(told):
    """Whether nothing was lost; and the sentence about it."""
    bad = told["lost"] + told["doubled"] + told["wrong"]
    said = f"{bad} of {told['pictures']} pictures lost, doubled or wrong; {told['failed']} viewers ended"
    return bad == 0 and told["failed"] == 0, said + (f" ({told['failure']})" if told["failure"] else "")


def ages(told):
    return "p50 {p50:.1f}, p99 {p99:.1f}, max {max:.1f} ms".format(**told["age_ms"])


def ratios(make_rig, given):
    """Floor and edge: the age of the picture with each alone, as it is; then the price, both with all their viewers all
    the time, each in turn alone on its core, so that a machine that is slow for a while is so for both."""
    for mode, (floor_mode, coalesce, limit) in MODES.items():
        if given.mode and given.mode != mode:
            continue
        with make_rig() as r:
            edge = r.tree("--workers", "1", "--min-coalesce", coalesce, "--max-coalesce", str(max(100, int(coalesce))))
            r.publish()
            for scheme in given.schemes:
                name = f"{scheme}://, {mode}"
                floor = r.floor(scheme, floor_mode, "send")
                time.sleep(3)
                alone = []
                for server in (floor, edge):
                    r.isolate(server)
                    alone.append(r.load(server, scheme, given.seconds, viewers=given.viewers))
                yield age_row(name, *alone)
                with (r.audience(floor, scheme, viewers=given.viewers, look=LOOK) as bare,
                      r.audience(edge, scheme, viewers=given.viewers, look=LOOK) as ours):
                    pairs = [(in_turn(r, bare), in_turn(r, ours)) for _ in range(rig.TURNS * given.pairs)]
                floor.kill()
                yield price_row(name, limit, pairs)
                yield whole_row(name, [alone[1], *(b for _, b in pairs)])


def in_turn(r, viewers):
    r.isolate(viewers.server)
    time.sleep(rig.MOVED)
    return viewers.measure(lambda: time.sleep(TURN))


def price_row(name, limit, pairs):
    quotients = [b["cpu_per_gb"] / a["cpu_per_gb"] for a, b in pairs]
    median = statistics.median(quotients)
    floor, edge = (statistics.median(side["cpu_per_gb"] for side in sides) for sides in zip(*pairs))
    return Row(PART, name, f"{median:.2f} x ({min(quotients):.2f} to {max(quotients):.2f}, {len(quotients)} pairs; "
               f"{edge:.2f} against {floor:.2f} CPU s a GB)", f"{limit} x", median <= limit, {"ratios": quotients})


def age_row(name, bare, ours):
    limit = 20 if name.endswith("each frame") else None
    return Row(PART, f"{name}: age of the picture", f"{ages(ours)} (bare: {ages(bare)})",
               f"p99 {limit} ms" if limit else "", ours["age_ms"]["p99"] <= limit if limit else None,
               {"edge": ours["age_ms"], "floor": bare["age_ms"]})


def whole_row(name, told):
    verdicts = [whole(one) for one in told]
    return Row(PART, f"{name}: whole", next((said for ok, said in verdicts if not ok), verdicts[0][1]), "0",
               all(ok for ok, _ in verdicts))


def full_core(make_rig, given):
    """As many viewers as a core, or the viewers' own core, can take; adaptive flush."""
    with make_rig() as r:
        edge = r.tree("--workers", "1")
        r.publish()
        time.sleep(2)
        for count in given.crowds:
            told = r.load(edge, "ws", seconds=given.seconds, viewers=count, check_every=50, settle=5)
            ok, said = whole(told)
            jumps = edge.metric("sluice_viewer_jumps_total")
            rate = told["bytes"] * 8e-9 / told["seconds"]
            yield Row("A full core", f"{count} viewers of 2.5 Mbit/s, adaptive flush",
                      f"{rate:.2f} Gbit/s, {told['cpu_per_gb']:.2f} CPU s a GB, {100 * told['core_share']:.0f} % of the "
                      f"core (the viewers' own: {100 * told['client_cpu'] / told['seconds']:.0f} %); {ages(told)}; "
                      f"{said}; {jumps:.0f} jumps", "p99 120 ms, no drop",
                      ok and jumps == 0 and told["age_ms"]["p99"] <= 120, {"told": told})


def memory(make_rig, given):
    """What a viewer costs in memory, and 10,000 of them on one worker."""
    with make_rig() as r:
        edge = r.tree("--workers", "1")
        r.publish("300 kbit/s")
        r.load(edge, "ws", viewers=200, seconds=2)
        time.sleep(3)
        before, seen = rig.memory_kib(edge.pid), {}
        told = r.load(edge, "ws", viewers=given.many, seconds=given.seconds, check_every=100, ramp=1000, settle=12,
                      during=lambda: seen.setdefault("after", rig.memory_kib(edge.pid)))
        each = (seen["after"] - before) / given.many
        ok, said = whole(told)
        yield Row("Memory", f"a WebSocket viewer, {given.many} connected", f"{each:.1f} KiB", "8 KiB", each <= 8)
        jumps = edge.metric("sluice_viewer_jumps_total")
        yield Row("Memory", f"{given.many} viewers of one 300 kbit/s stream on one worker",
                  f"{said}; {jumps:.0f} jumps; {ages(told)}; {100 * told['core_share']:.0f} % of the core", "no drop",
                  ok and jumps == 0, {"told": told})


def slow(make_rig, given):
    """Slow and stopped viewers beside healthy ones."""
    part = "Slow viewers"
    with make_rig() as r:
        edge = r.tree("--workers", "1")
        r.publish()
        time.sleep(2)
        alone = r.load(edge, "ws", viewers=500, seconds=given.seconds)
        time.sleep(3)
        before, after = rig.memory_kib(edge.pid), {}
        crowd = r.load(edge, "ws", viewers=500, slow=500, stopped=50, seconds=max(20, given.seconds), settle=1,
                       during=lambda: after.setdefault("kib", rig.memory_kib(edge.pid)))
        ended = edge.metric("sluice_viewers_closed_slow_total")
        jumps = edge.metric("sluice_viewer_jumps_total")
        limit = 1.3 * alone["age_ms"]["p99"] + 3
        yield Row(part, "healthy viewers' age of the picture beside 500 slow and 50 stopped ones",
                  f"{ages(crowd)} (without: {ages(alone)}); {whole(crowd)[1]}", f"p99 {limit:.1f} ms",
                  crowd["age_ms"]["p99"] <= limit and whole(crowd)[0])
        yield Row(part, "memory they cost", f"{(rig.memory_kib(edge.pid) - before) / 1024:.1f} MiB")
        yield Row(part, "jumps counted; stopped viewers closed", f"{jumps:.0f}; {ended:.0f} of 50", "all",
                  jumps > 0 and ended >= 50)


def storm(make_rig, given):
    """Very many viewers at once."""
    part = "Joining"
    with make_rig() as r:
        edge = r.tree("--workers", "1")
        r.publish()
        floor = r.floor("ws", "frame", "send")
        time.sleep(3)
        pairs = [tuple(r.load(server, "ws", viewers=1000, storm=100, seconds=7)["storm_picture_ms"]
                       for server in (floor, edge)) for _ in range(max(1, given.pairs // 2))]
        bare, ours = (statistics.median(side["p99"] for side in sides) for sides in zip(*pairs))
        yield Row(part, "first picture at a warm edge with 1000 viewers, 100 tries a run, median of "
                  f"{len(pairs)} runs' p99", f"{ours:.1f} ms (bare sender {bare:.1f} ms)", "2 x bare", ours <= 2 * bare)
        floor.kill()
        told = r.load(edge, "ws", viewers=500, storm=3000, seconds=9)
        came = told["storm_picture_ms"]
        yield Row(part, "3000 viewers within 1 s: first picture",
                  f"{came['n']} of 3000; p50 {came['p50']:.0f}, p99 {came['p99']:.0f}, max {came['max']:.0f} ms",
                  "all within 1 s", came["n"] == 3000 and came["max"] <= 1000)
        yield Row(part, "meanwhile, the longest pause of the 500 who watch", f"{told['gap_ms']['max']:.0f} ms", "200 ms",
                  told["gap_ms"]["max"] <= 200)
