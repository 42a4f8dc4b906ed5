"""What every measurement stands on: nodes, a socket without threads, and how times are said."""

import math
import socket
import statistics

from sluice_e2e import cluster, oracle, plain_http, viewer


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


def wait_live(node, key):
    viewer.open_when_live(node.live(key)).close()


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
