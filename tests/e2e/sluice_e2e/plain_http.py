"""Plain HTTP requests, and the opening of a live response that is then read piece by piece."""

import http.client
import json
import socket
import urllib.parse

TIMEOUT = 5.0


class Refused(AssertionError):
    """The server answered, but not with what was asked for."""

    def __init__(self, url, status, body):
        super().__init__(f"{url}: HTTP {status}: {body[:300]!r}")
        self.status = status
        self.body = body


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def split(url):
    parts = urllib.parse.urlsplit(url)
    target = parts.path or "/"
    return parts.hostname, parts.port or 80, target + (f"?{parts.query}" if parts.query else "")


def request(url, method="GET", body=None, headers=None, timeout=TIMEOUT):
    """One whole exchange, whatever the status."""
    host, port, target = split(url)
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return Response(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def get_json(url):
    """The JSON at `url`; Refused unless the status is 200."""
    answer = request(url)
    if answer.status != 200:
        raise Refused(url, answer.status, answer.body)
    return answer.json()


class LiveBody:
    """A GET whose body is read as it comes."""

    def __init__(self, url, timeout=TIMEOUT):
        host, port, target = split(url)
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout)
        self._connection.request("GET", target)
        self._socket = self._connection.sock
        self._answer = self._connection.getresponse()
        self.headers = self._answer.headers
        if self._answer.status != 200:
            body = self._answer.read()
            self._connection.close()
            raise Refused(url, self._answer.status, body)

    def pieces(self):
        """Yields the body's bytes until the server ends it; OSError when the connection breaks."""
        while data := self._answer.read1(65536):
            yield data

    @property
    def ending(self):
        return "end of body"

    def close(self):
        """Ends a read that waits in another thread, too."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server ended it
        self._connection.close()
