"""A viewer that records all it gets, with the times it got it."""

import threading
import time

from . import flv, oracle, plain_http, ws


class Viewer:
    """Opens `url` (ws:// or http://) at once: `Refused` if it is not given a stream. Then a thread reads
    until the server ends, `close` is called, or nothing comes for `silence` seconds."""

    def __init__(self, url, silence=30.0):
        opener = ws.LiveMessages if url.startswith("ws:") else plain_http.LiveBody
        self.url = url
        self._live = opener(url, timeout=silence)
        self.headers = self._live.headers
        self.place = oracle.Place.parse(self.headers.get("Sluice-Log"))
        self.ending = None  # why it ended, for people; None while it runs
        self.marks = []  # (monotonic seconds, bytes received until then)
        self._data = bytearray()
        self._parser = flv.Parser()
        self._tags = []
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"viewer {url}", daemon=True)
        self._thread.start()

    def _run(self):
        try:
            for piece in self._live.pieces():
                with self._lock:
                    self._data += piece
                    self.marks.append((time.monotonic(), len(self._data)))
                    self._tags += self._parser.feed(piece)
            self.ending = self._live.ending
        except Exception as error:  # every way to end is of interest; the test judges it
            self.ending = "closed by the test" if self._closing else f"{type(error).__name__}: {error}"

    @property
    def close_code(self):
        return getattr(self._live, "close_code", None)

    @property
    def recording(self):
        with self._lock:
            return bytes(self._data)

    @property
    def tags(self):
        with self._lock:
            return list(self._tags)

    @property
    def timestamp(self):
        """Of the newest video frame, ms; -1 before the first."""
        with self._lock:
            return next((tag.timestamp for tag in reversed(self._tags) if tag.is_frame), -1)

    @property
    def seconds(self):
        """How much video it has, by timestamps."""
        stamps = [tag.timestamp for tag in self.tags if tag.is_frame]
        return (stamps[-1] - stamps[0]) / 1000 if stamps else 0.0

    def wait(self, what, condition, limit=15.0):
        """Waits until `condition()`; an AssertionError naming `what` at the limit or when the viewer ends."""
        deadline = time.monotonic() + limit
        while not condition():
            state = f"{self.url}: {len(self.recording)} bytes, {self.seconds:.1f} s of video"
            if self.ending is not None:
                raise AssertionError(f"waiting for {what}: the viewer ended ({self.ending}); {state}")
            if time.monotonic() > deadline:
                raise AssertionError(f"waiting for {what}: not within {limit} s; {state}")
            time.sleep(0.02)

    def wait_seconds(self, seconds, limit=None):
        """Waits until it has that much video."""
        self.wait(f"{seconds} s of video", lambda: self.seconds >= seconds, limit or seconds + 10)

    def wait_ended(self, limit):
        self._thread.join(limit)
        if self.ending is None:
            raise AssertionError(f"{self.url}: still open after {limit} s")
        return self.ending

    def close(self):
        self._closing = True
        self._live.close()
        self._thread.join(5)


def open_when_live(url, limit=10.0):
    """A viewer of a stream that is about to start: tries again while the answer is 404 or 503."""
    deadline = time.monotonic() + limit
    while True:
        try:
            return Viewer(url)
        except plain_http.Refused as refused:
            if refused.status not in (404, 503) or time.monotonic() > deadline:
                raise
        time.sleep(0.1)
