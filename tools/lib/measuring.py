"""The measurements of tools/measure, each on a cluster of real processes on loopback.

Each returns rows (what, value) and whether everything arrived. Times are taken in this process, which
therefore is part of every figure."""

import bisect
import json
import math
import multiprocessing
import os
import selectors
import socket
import statistics
import subprocess
import time

from sluice_e2e import cluster, flv, oracle, plain_http, publish, viewer, ws
from sluice_e2e.processes import wait_until

PAYLOAD = b"x" * 200  # of the echo; about a request
LINGER = 10.0  # seconds an edge keeps a stream that nobody watches
TICKS = os.sysconf("SC_CLK_TCK")


class MeasuredCluster(cluster.Cluster):
    """Without recording, so that no disk is part of the figures."""

    def origin(self, node_id, *arguments):
        ports = {"rtmp": cluster.free_port(), "http": cluster.free_port()}
        return self._start("origin", node_id, ports, (*self._known(node_id), *arguments))


def start_cluster(folder, relays, edges):
    nodes = MeasuredCluster(folder)
    nodes.directory("d1")
    nodes.origin("o1")
    for i in range(relays):
        nodes.relay(f"r{i + 1}")
    for i in range(edges):
        nodes.edge(f"e{i + 1}")
    nodes.wait_ready()
    return nodes


def percentile(values, share):
    """The least value that at least this share of them does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def in_ms(seconds):
    return (f"p50 {statistics.median(seconds) * 1e3:.2f} ms, p99 {percentile(seconds, 0.99) * 1e3:.2f} ms, "
            f"max {max(seconds) * 1e3:.2f} ms, {len(seconds)} tries")


class LiveSocket:
    """A GET of a live stream by hand: neither threads nor a library between the socket and the clock."""

    def __init__(self, url):
        host, port, target = plain_http.split(url)
        self.socket = socket.create_connection((host, port), timeout=plain_http.TIMEOUT)
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.socket.recv(65536)
            if not piece:
                raise AssertionError(f"{url}: ended within the response header: {head!r}")
            head += piece
        head, _, self.body = head.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        if " 200 " not in status:
            raise AssertionError(f"{url}: {status}")
        headers = dict(field.split(": ", 1) for field in fields)
        self.place = oracle.Place.parse(headers.get("Sluice-Log"))

    def close(self):
        self.socket.close()


def first_byte_http(url):
    """Seconds from before the connection is made until a byte of media is there."""
    start = time.monotonic()
    live = LiveSocket(url)
    got = len(live.body)
    while got <= live.place.preface:
        got += len(live.socket.recv(65536))
    took = time.monotonic() - start
    live.close()
    return took


def first_byte_websocket(url):
    start = time.monotonic()
    live = ws.LiveMessages(url)
    preface, got = oracle.Place.parse(live.headers.get("Sluice-Log")).preface, 0
    for piece in live.pieces():
        got += len(piece)
        if got > preface:
            break
    took = time.monotonic() - start
    live.close()
    return took


def _serve_echo(listener, onward):
    while True:
        asked, _ = listener.accept()
        with asked:
            data = asked.recv(65536)
            asked.sendall(_ask_echo(onward, data) if onward else data)


def _ask_echo(port, data):
    with socket.create_connection(("127.0.0.1", port)) as to:
        to.sendall(data)
        return to.recv(65536)


def echo(hops, tries):
    """Connect, ask, answer, through so many processes, each making a connection of its own to the next."""
    servers, onward = [], None
    for _ in range(hops):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        process = multiprocessing.get_context("fork").Process(target=_serve_echo, args=(listener, onward), daemon=True)
        process.start()
        servers.append(process)
        onward = listener.getsockname()[1]
        listener.close()
    times = []
    for _ in range(tries):
        start = time.monotonic()
        _ask_echo(onward, PAYLOAD)
        times.append(time.monotonic() - start)
        time.sleep(0.01)
    for process in servers:
        process.kill()
        process.join()
    return times


def wait_live(node, key):
    viewer.open_when_live(node.live(key)).close()


def first_byte(folder, source, quick):
    """Warm: the edge carries the stream. Cold: it does not, asks where it is and pulls it from a relay."""
    tries, streams, edges, rounds = (20, 2, 2, 1) if quick else (100, 6, 3, 3)
    nodes = start_cluster(folder, relays=3, edges=edges)
    try:
        keys = [f"live/room{i + 1}" for i in range(streams)]
        for key in keys:
            publish.publish_rtmp(nodes.nodes["o1"], key, source)
        for key in keys:
            wait_live(nodes.nodes["o1"], key)
        time.sleep(3)
        cold = [took for _ in range(rounds) for took in _cold_round(nodes, keys)]
        warm_edge, warm = nodes.nodes["e1"], {"http": [], "ws": []}
        holder = viewer.open_when_live(warm_edge.live(keys[0]))
        holder.wait_seconds(1)
        holder.close()
        for _ in range(tries):
            warm["http"].append(first_byte_http(warm_edge.live(keys[0])))
            time.sleep(0.037)
            warm["ws"].append(first_byte_websocket(warm_edge.live(keys[0], "ws")))
            time.sleep(0.041)
    finally:
        nodes.end()
    rows = [("First byte of picture, warm edge, http://", in_ms(warm["http"])),
            ("First byte of picture, warm edge, ws://", in_ms(warm["ws"])),
            ("TCP echo through one process", in_ms(echo(1, tries))),
            ("First byte of picture, cold edge (enumerate, pull through a relay)", in_ms(cold)),
            ("TCP echo through two processes", in_ms(echo(2, tries)))]
    return rows, True


def _cold_round(nodes, keys):
    """Each stream once at each edge, when no edge carries any."""
    edges = nodes.of_role("edge")
    for edge in edges:
        for key in keys:
            wait_until(f"{edge.id} to drop {key}", lambda e=edge, k=key: not e.carries(k), LINGER + 10, every=0.2)
    for edge in edges:
        for key in keys:
            yield first_byte_http(edge.live(key))
            time.sleep(0.1)


def path(folder, source, seconds):
    """The same log read from the origin and from an edge, by one thread: how much later the edge's bytes come."""
    nodes = start_cluster(folder, relays=2, edges=1)
    try:
        key = "live/room1"
        publish.publish_rtmp(nodes.nodes["o1"], key, source)
        for node in ("o1", "e1"):
            wait_live(nodes.nodes[node], key)
        time.sleep(2)
        at_origin, at_edge = (LiveSocket(nodes.nodes[node].live(key)) for node in ("o1", "e1"))
        marks = _read_both((at_origin, at_edge), seconds)
    finally:
        nodes.end()
    late, identical = _compare(at_origin, at_edge, marks)
    late = {name: times for name, times in late.items() if times}
    rows = [(f"Origin to edge, same offset, {name}", in_ms(times).replace("tries", "tags"))
            for name, times in late.items()]
    return [*rows, ("Bytes compared between the two", f"{identical / 1e6:.1f} MB, identical")], True


def _read_both(live, seconds):
    """Per socket: (time, bytes of body until then). The bodies grow in place."""
    chosen = selectors.DefaultSelector()
    marks = ([], [])
    for which, one in enumerate(live):
        one.body = bytearray(one.body)
        one.socket.setblocking(False)
        chosen.register(one.socket, selectors.EVENT_READ, which)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for ready, _ in chosen.select(left):
            piece = ready.fileobj.recv(65536)
            if not piece:
                raise AssertionError(f"{('the origin', 'the edge')[ready.data]} ended the stream")
            live[ready.data].body += piece
            marks[ready.data].append((time.monotonic(), len(live[ready.data].body)))
    for one in live:
        one.close()
    return marks


def _compare(at_origin, at_edge, marks):
    """Delays of tags by their ends, and how many bytes were compared; AssertionError where bytes differ."""
    media = [one.body[one.place.preface:] for one in (at_origin, at_edge)]
    joins = [at_origin.place.join, at_edge.place.join]
    start, end = max(joins), min(join + len(body) for join, body in zip(joins, media))
    cut = [body[start - join:end - join] for join, body in zip(joins, media)]
    if cut[0] != cut[1]:
        raise AssertionError(f"the edge's bytes differ at {start + oracle.first_difference(*map(bytes, cut))}")
    times = [[mark[0] for mark in of] for of in marks]
    ends = [[join - one.place.preface + mark[1] for mark in of]
            for join, one, of in zip(joins, (at_origin, at_edge), marks)]
    late = {"video": [], "audio": []}
    settled = max(of[0] for of in times) + 1.0
    for tag in flv.parse(bytes(cut[0]), file_header=False):
        at = [bisect.bisect_left(of, start + tag.offset + tag.size) for of in ends]
        came = [of[i] for of, i in zip(times, at)]
        if min(came) > settled and tag.type != flv.SCRIPT:
            late[flv.KINDS[tag.type]].append(came[1] - came[0])
    return late, end - start


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
