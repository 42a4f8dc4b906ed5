"""How long a new viewer waits for its picture."""

import time

from sluice_e2e import oracle, viewer, ws
from sluice_e2e.processes import wait_until

from .echo import echo
from .live_socket import LiveSocket, in_ms, percentile
from .report import Row

LINGER = 10.0  # seconds an edge keeps a stream that nobody watches


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


def first_byte(make_rig, given):
    """Warm: the edge carries the stream. Cold: it does not, asks where it is and pulls it from a relay."""
    tries, streams, edges, rounds = (20, 2, 2, 1) if given.quick else (100, 6, 3, 3)
    with make_rig() as r:
        r.directory("d1")
        r.origin("o1")
        for i in range(3):
            r.relay(f"r{i + 1}")
        for i in range(edges):
            r.edge(f"e{i + 1}")
        r.wait_ready()
        keys = [f"live/room{i}" for i in range(streams)]
        r.publish(key="live/room", streams=streams)
        time.sleep(3)
        cold = [took for _ in range(rounds) for took in _cold_round(r, keys)]
        warm_edge, warm = r.nodes["e1"], {"http": [], "ws": []}
        holder = viewer.open_when_live(warm_edge.live(keys[0]))
        holder.wait_seconds(1)
        holder.close()
        for _ in range(tries):
            warm["http"].append(first_byte_http(warm_edge.live(keys[0])))
            time.sleep(0.037)
            warm["ws"].append(first_byte_websocket(warm_edge.live(keys[0], "ws")))
            time.sleep(0.041)
    for scheme, took in warm.items():
        yield _row(f"First byte of picture, warm edge, {scheme}://", took, 0.020)
    yield Row("First byte", "TCP echo through one process", in_ms(echo(1, tries)))
    yield _row("First byte of picture, cold edge (enumerate, pull through a relay)", cold, 0.100)
    yield Row("First byte", "TCP echo through two processes", in_ms(echo(2, tries)))


def _row(what, took, limit):
    return Row("First byte", what, in_ms(took), f"p99 {limit * 1e3:.0f} ms", percentile(took, 0.99) <= limit,
               {"seconds": took})


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
