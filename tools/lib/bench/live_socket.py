"""A live stream read without threads between the socket and the clock, and how times are said."""

import math
import socket
import statistics

from sluice_e2e import oracle, plain_http


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
