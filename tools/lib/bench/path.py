"""How much later an edge sends what the origin sends."""

import bisect
import selectors
import statistics
import time

from sluice_e2e import flv, oracle, viewer

from .live_socket import LiveSocket, in_ms, percentile
from .report import Row


def path(make_rig, given):
    """The same log read from the origin and from an edge, by one thread: how much later the edge's bytes come."""
    part, key = "Three tiers", "live/room1"
    with make_rig() as r:
        r.directory("d1")
        r.origin("o1")
        for i in range(2):
            r.relay(f"r{i + 1}")
        r.edge("e1")
        r.wait_ready()
        r.publish()
        for node in ("o1", "e1"):
            viewer.open_when_live(r.nodes[node].live(key)).close()
        time.sleep(2)
        at_origin, at_edge = (LiveSocket(r.nodes[node].live(key)) for node in ("o1", "e1"))
        marks = _read_both((at_origin, at_edge), 3 * given.seconds)
    late, identical = _compare(at_origin, at_edge, marks)
    for name, times in late.items():
        held = statistics.median(times) <= 0.005 and percentile(times, 0.99) <= 0.015
        yield Row(part, f"origin to edge through a relay, same offset, {name}", in_ms(times).replace("tries", "tags"),
                  "p50 5 ms, p99 15 ms", held, {"seconds": times})
    yield Row(part, "bytes compared between the two", f"{identical / 1e6:.1f} MB, identical")


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
