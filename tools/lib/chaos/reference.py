"""What the origins have: their logs, read from the record files while they grow, with the time each byte appeared.

Follows inotify(7), so that a frame's time is the moment the origin wrote it. Never blocks."""

import array
import bisect
import ctypes
import os
import re
import struct

from sluice_e2e import flv

IN_MODIFY, IN_CREATE, IN_NONBLOCK = 0x2, 0x100, os.O_NONBLOCK
READ_SIZE = 1 << 20
NAME = re.compile(r"(?P<key>.+)-(?P<epoch>\d+)\.flv")

_libc = ctypes.CDLL(None, use_errno=True)
_event = struct.Struct("iIII")


class Log:
    """One epoch of one stream as its origin recorded it: bytes, and when they were there."""

    def __init__(self, key, epoch, path):
        self.key, self.epoch = key, epoch
        self.data = bytearray()
        self.tags = array.array("Q")  # offset of each tag; the last one is where the next begins
        self.tags.append(0)
        self._ends, self._times = array.array("Q"), array.array("d")
        self._file = open(path, "rb", buffering=0)
        self._header_left = flv.FILE_HEADER_SIZE

    def grow(self, now):
        """Reads what is new; whether there was anything."""
        grown = False
        while piece := self._file.read(READ_SIZE):
            cut = min(self._header_left, len(piece))
            self._header_left -= cut
            self.data += piece[cut:]
            grown = True
        if grown and self.data:
            self._ends.append(len(self.data))
            self._times.append(now)
            self._find_tags()
        return grown

    def _find_tags(self):
        data, at = self.data, self.tags[-1]
        while at + 11 <= len(data):
            end = at + int.from_bytes(data[at + 1:at + 4], "big") + 15
            if end > len(data):
                break
            self.tags.append(end)
            at = end

    def time_of(self, offset):
        """When the byte at this offset was there; None if it is not yet."""
        index = bisect.bisect_right(self._ends, offset)
        return self._times[index] if index < len(self._ends) else None

    def close(self):
        self._file.close()

    @property
    def begun(self):
        return self._times[0] if self._times else None

    def tag_before(self, offset):
        """The start of the tag that holds the byte at `offset`, or `offset` itself if one begins there."""
        return self.tags[bisect.bisect_right(self.tags, offset) - 1]


class Logs:
    """Every log of every origin. `fd` is readable when `news` has something to say."""

    def __init__(self, folders):
        self.fd = _libc.inotify_init1(IN_NONBLOCK)
        self._folders = {_libc.inotify_add_watch(self.fd, str(folder).encode(), IN_MODIFY | IN_CREATE): folder
                         for folder in folders}
        self._by_path = {}
        self._by_key = {}

    def news(self, now):
        """Takes in what was written; returns the logs that grew."""
        try:
            events = os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return []
        at, changed = 0, set()
        while at < len(events):
            folder, _, _, length = _event.unpack_from(events, at)
            changed.add((folder, events[at + _event.size:at + _event.size + length].rstrip(b"\0").decode()))
            at += _event.size + length
        logs = [self._log_of(self._folders[folder] / name) for folder, name in changed]
        return [log for log in logs if log and log.grow(now)]

    def _log_of(self, path):
        if path not in self._by_path:
            match = NAME.fullmatch(path.name)
            if not match:
                return None
            log = Log(match["key"].replace("_", "/", 1), int(match["epoch"]), path)
            self._by_path[path] = log
            of_key = self._by_key.setdefault(log.key, [])
            of_key.append(log)
            of_key.sort(key=lambda one: one.epoch)
        return self._by_path[path]

    def close(self):
        os.close(self.fd)
        for log in self._by_path.values():
            log.close()

    def find(self, key, epoch):
        return next((log for log in self._by_key.get(key, ()) if log.epoch == epoch), None)

    def of_key(self, key):
        """Oldest first."""
        return self._by_key.get(key, [])

    def newest(self, key):
        logs = [log for log in self.of_key(key) if log.data]
        return logs[-1] if logs else None
