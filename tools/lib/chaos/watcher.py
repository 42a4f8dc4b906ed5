"""The process that has the viewers: one loop that reads them all and the origins' records, so that both times are
taken by the same clock. It watches itself too: what it saw late because it was not run is marked.

`Watcher` is the handle in the tool's own process; commands and answers go through a pipe."""

import gc
import multiprocessing
import queue
import random
import select
import threading
import time

from sluice_e2e import plain_http
from sluice_e2e.processes import die_with_parent

from .following import Follower
from .reference import Logs
from .sockets import Closed, ViewerSocket

STALL = 0.020  # seconds between two rounds of the loop from which on its times are not trusted
STEP = 0.005
BIN = 1e-4  # seconds, of the histogram of delays
BINS = 100_000
OPEN_AGAIN_AFTER = 0.2
OPEN_WITHIN = 15.0
BACKLOG, BACKLOG_WITHIN = 0.02, 2.0  # seconds: the first bytes of a connection may be so much older, for so long
# What a viewer hears whose edge leaves in order: WebSocket and HTTP.
SENT_AWAY = ("close 4002 draining", "end of connection")


class Seat:
    """A viewer's place: it keeps its numbers when its connection has to be opened again."""

    def __init__(self, room, name, edge, key, url):
        self._room = room
        self.name, self.edge, self.key, self.url = name, edge, key, url
        self.home = edge, url
        self.connection = self.follower = None
        self.backlog_until = 0.0
        self.left_at = None  # when it was sent to another edge, until it has a picture there
        self.reset()

    def reset(self):
        self.worst = self.marked = 0.0
        self.worst_at = 0.0
        self.closed = []
        self.sent_away, self.absence = 0, 0.0
        self.before = self._sums(self.follower.counts) if self.follower else {}
        self.notes_before = len(self.follower.counts.notes) if self.follower else 0
        self.earlier = {}  # of connections of this window that ended

    @staticmethod
    def _sums(counts):
        return {name: getattr(counts, name) for name in ("right", "lost", "doubled", "wrong", "moves", "tail")}

    def delivered(self, delay, now):
        room = self._room
        if self.left_at is not None:
            self.absence, self.left_at = max(self.absence, now - self.left_at), None
        if delay > BACKLOG and now < self.backlog_until:
            return  # from the join point on, when it opened the stream
        self.backlog_until = 0.0
        room.delays[min(int(delay / BIN), BINS)] += 1
        if room.stalled:
            self.marked = max(self.marked, delay)
        elif delay > self.worst:
            self.worst, self.worst_at = delay, now

    def sit_down(self, connection):
        self.connection = connection
        self.follower = Follower(self._room.logs, self.key, connection.place, self.delivered)
        self.backlog_until = time.monotonic() + BACKLOG_WITHIN
        self.before, self.notes_before = {}, 0

    def stand_up(self):
        """Its connection is over."""
        self.earlier = self._so_far()
        self.connection.close()
        self.connection = None
        self.before = self._sums(self.follower.counts)

    def _so_far(self):
        if self.follower is None:
            return dict(self.earlier)
        return {name: value - self.before.get(name, 0) + self.earlier.get(name, 0)
                for name, value in self._sums(self.follower.counts).items()}

    def waiting(self, now):
        """Seconds since there is something it did not get."""
        if self.connection is None or self.follower is None:
            return 0.0
        since = self.follower.waiting_since()
        return now - since if since is not None else 0.0

    def report(self, now):
        waiting = self.waiting(now)
        notes = self.follower.counts.notes[self.notes_before:] if self.follower else []
        return {"viewer": self.name, "edge": self.edge, "key": self.key, **self._so_far(), "closed": self.closed,
                "sent_away": self.sent_away, "absence": self.absence,
                "pause": max(self.worst, waiting), "at": now if waiting > self.worst else self.worst_at,
                "unfinished": waiting > self.worst and waiting > 1, "marked": self.marked, "notes": notes}


class Room:
    """All the viewers and the loop."""

    def __init__(self, folders, pipe):
        self.logs = Logs(folders)
        self.delays = [0] * (BINS + 1)
        self.stalled = False
        self._stalls = []
        self._pipe = pipe
        self._seats = {}
        self._by_fd = {}
        self._leaving = {}  # edge that was told to end: {edge to go to: its base URL}
        self._poll = select.epoll()
        self._opened = queue.SimpleQueue()
        self._running = True

    def run(self):
        gc.disable()
        self._poll.register(self.logs.fd, select.EPOLLIN)
        self._poll.register(self._pipe.fileno(), select.EPOLLIN)
        last = time.monotonic()
        while self._running:
            ready = self._poll.poll(STEP)
            now = time.monotonic()
            self.stalled = now - last > STALL
            if self.stalled:
                self._stalls.append((last, now))
            last = now
            self._round(ready)

    def _round(self, ready):
        commands = False
        for log in self.logs.news(time.monotonic()):
            for seat in self._seats.values():
                if seat.key == log.key and seat.follower and seat.follower.waits:
                    seat.follower.catch_up(time.monotonic())
        for fd, _ in ready:
            seat = self._by_fd.get(fd)
            if seat is not None:
                self._read(seat)
            elif fd == self._pipe.fileno():
                commands = True
        while not self._opened.empty():
            self._seat_opened(*self._opened.get())
        if commands:
            name, *arguments = self._pipe.recv()
            self._pipe.send(getattr(self, name)(*arguments))

    def _read(self, seat):
        try:
            data = seat.connection.read()
        except Closed as closed:
            return self._close(seat, str(closed))
        if data:
            seat.follower.take(data, time.monotonic())
            if seat.follower.hopeless:
                self._close(seat, "closed by the tool: what came could not be judged")

    def _close(self, seat, how):
        goes = self._leaving.get(seat.edge) if how in SENT_AWAY else None
        if goes:
            seat.sent_away += 1
            seat.left_at = time.monotonic()
        else:
            seat.closed.append(how)
        self._leave(seat)
        threading.Thread(target=self._open_again, args=(seat, goes), daemon=True).start()

    def _leave(self, seat):
        fd = seat.connection.fileno()
        self._poll.unregister(fd)
        del self._by_fd[fd]
        seat.stand_up()

    def _open_again(self, seat, goes):
        """`goes`: the edges it may go to, where its own has sent it away. It asks that one which there are, as the
        page does."""
        deadline = time.monotonic() + OPEN_WITHIN
        while time.monotonic() < deadline:
            try:
                if goes:
                    seat.edge, seat.url = self._elsewhere(seat, goes)
                else:
                    time.sleep(OPEN_AGAIN_AFTER)
                return self._opened.put((seat, ViewerSocket(seat.url)))
            except (OSError, plain_http.Refused, AssertionError):
                time.sleep(OPEN_AGAIN_AFTER)

    @staticmethod
    def _elsewhere(seat, goes):
        host, port, target = plain_http.split(seat.url)
        if seat.edge in goes:  # sent there already, and not let in yet
            return seat.edge, seat.url
        try:
            listed = [one["id"] for one in plain_http.get_json(f"http://{host}:{port}/api/v1/edges")["edges"]]
        except (OSError, plain_http.Refused):
            listed = goes  # it is gone by now
        edge = random.choice([one for one in listed if one in goes])
        return edge, seat.url.partition(":")[0] + goes[edge].removeprefix("http") + target

    def _seat_opened(self, seat, connection):
        seat.sit_down(connection)
        self._by_fd[connection.fileno()] = seat
        self._poll.register(connection.fileno(), select.EPOLLIN)
        self._read(seat)

    # The commands.

    def open(self, wanted):
        """[(name, edge, key, url)]; returns what was refused."""
        refused = []
        for name, edge, key, url in wanted:
            seat = Seat(self, name, edge, key, url)
            try:
                connection = ViewerSocket(url)
            except (OSError, plain_http.Refused, AssertionError) as error:
                refused.append(f"{name}: {error}")
                continue
            self._seats[name] = seat
            self._seat_opened(seat, connection)
        return refused

    def expect_leaving(self, edge, goes):
        """This edge is about to send its viewers away; `goes`: {edge they may go to: its base URL}."""
        self._leaving = {edge: goes}

    def go_home(self):
        """Whoever was sent away opens the stream at its own edge again; nothing of that is counted."""
        self._leaving = {}
        for seat in self._seats.values():
            if (seat.edge, seat.url) == seat.home or not seat.connection:
                continue
            self._leave(seat)
            seat.edge, seat.url = seat.home
            threading.Thread(target=self._open_again, args=(seat, None), daemon=True).start()

    def begin(self):
        self._stalls.clear()
        for seat in self._seats.values():
            seat.reset()
        return time.monotonic()

    def end(self):
        now = time.monotonic()
        return {"at": now, "viewers": [seat.report(now) for seat in self._seats.values()],
                "stalls": list(self._stalls)}

    def behind(self):
        """(seconds the worst viewer waits, how many have no connection)."""
        now = time.monotonic()
        seats = self._seats.values()
        return max((seat.waiting(now) for seat in seats), default=0.0), sum(not seat.connection for seat in seats)

    def heads(self, key):
        """[(epoch, length, when it began)] of a stream's logs."""
        return [(log.epoch, len(log.data), log.begun) for log in self.logs.of_key(key)]

    def median(self):
        """Of all delays so far, seconds."""
        half, total = sum(self.delays) / 2, 0
        for index, count in enumerate(self.delays):
            total += count
            if count and total >= half:
                return index * BIN
        return 0.0

    def quit(self):
        self._running = False


def _run(folders, pipe):
    die_with_parent()
    Room(folders, pipe).run()


class Watcher:
    """Calls the room's commands by their names: `begin()`, `end()`, ..."""

    def __init__(self, folders):
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(target=_run, args=(folders, other), daemon=True)
        self._process.start()
        other.close()

    def __getattr__(self, name):
        def call(*arguments):
            self._pipe.send((name, *arguments))
            return self._pipe.recv()
        return call
