"""How long a new viewer waits for its picture."""

import time

from sluice_e2e import oracle, publish, viewer, ws
from sluice_e2e.processes import wait_until

from .echo import echo
from .rig import LiveSocket, in_ms, start_cluster, wait_live

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
