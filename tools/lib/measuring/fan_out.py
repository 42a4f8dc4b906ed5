"""What many viewers cost an edge."""

import json
import os
import subprocess

from sluice_e2e import publish

from .rig import MeasuredCluster, wait_live

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system, of all its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["VmRSS"].split()[0]) / 1024


def viewers(folder, source, seconds, count, scheme, load_client):
    """One edge with one worker on core 0, everything else on core 1."""
    cores = sorted(os.sched_getaffinity(0))
    rest = set(cores[1:]) or set(cores)
    nodes = MeasuredCluster(folder)
    try:
        os.sched_setaffinity(0, rest)
        nodes.directory("d1")
        nodes.origin("o1")
        nodes.relay("r1")
        os.sched_setaffinity(0, {cores[0]})
        edge = nodes.edge("e1", "--workers", "1")
        os.sched_setaffinity(0, rest)
        nodes.wait_ready()
        publish.publish_rtmp(nodes.nodes["o1"], "live/room1", source)
        wait_live(edge, "live/room1")
        before = memory_mb(edge.pid)
        told, used = _run_load(load_client, edge, nodes.nodes["o1"], count, scheme, seconds)
        jumps, slow = edge.metric("sluice_viewer_jumps_total"), edge.metric("sluice_viewers_closed_slow_total")
        after = memory_mb(edge.pid)
    finally:
        os.sched_setaffinity(0, cores)
        nodes.end()
    return _viewer_rows(told, used, count, scheme, (jumps, slow), (before, after))


def _run_load(load_client, edge, origin, count, scheme, seconds):
    """What the load client says, and the edge's CPU seconds while it counted."""
    command = [load_client, scheme, "/live/room1.flv", str(edge.ports["http"]), str(origin.ports["http"]),
               str(count), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        try:
            load.stdout.readline()
            begin = cpu_seconds(edge.pid)
            load.stdout.readline()
            used = cpu_seconds(edge.pid) - begin
            return json.loads(load.stdout.readline()), used
        finally:
            load.kill()


def _viewer_rows(told, used, count, scheme, edge_says, memory):
    lost = told["failed"] + told["wrong_tags"] + told["seams"]
    whole = lost == 0 and sum(edge_says) == 0
    name = f"{count} viewers over {scheme}://"
    gigabytes = told["bytes"] / 1e9
    because = f" ({told['failure']})" if told["failure"] else ""
    return [
        (f"{name}: lost, doubled or wrong tags; viewers ended",
         f"{told['wrong_tags'] + told['seams']}; {told['failed']}{because}, of {told['tags']} tags"),
        (f"{name}: the edge's count of jumps; closed as too slow", f"{edge_says[0]:.0f}; {edge_says[1]:.0f}"),
        (f"{name}: delivered", f"{told['bytes'] * 8e-6 / told['seconds']:.0f} Mbit/s, {gigabytes:.2f} GB "
                               f"in {told['seconds']:.0f} s"),
        (f"{name}: the edge's CPU", f"{used / max(gigabytes, 1e-9):.2f} s a GB, "
                                    f"{100 * used / max(told['seconds'], 1e-9):.0f} % of a core"),
        (f"{name}: the edge's memory (before, at the end)", f"{memory[0]:.0f} MiB, {memory[1]:.0f} MiB RSS"),
        (f"{name}: tag later than the first to have it, the origin's viewer included",
         f"p50 {told['late_p50_ms']:.1f} ms, p99 {told['late_p99_ms']:.1f} ms, max {told['late_max_ms']:.1f} ms"),
    ], whole
