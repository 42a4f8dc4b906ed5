"""What one viewer receives, held against the origin's logs byte by byte as it comes.

Nothing else is right but: the preface, then one contiguous range of a log. Whatever else is found is told apart:
bytes missing, bytes doubled, bytes that no origin has; or, when the stream moved to another origin, the other log."""

from sluice_e2e import flv, oracle

WAIT_FOR_ORIGIN = 2.0  # seconds a viewer may be ahead of the record files before its bytes count as nobody's


class Counts:
    """Bytes by what became of them, and moves to a newer log."""

    __slots__ = ("right", "lost", "doubled", "wrong", "moves", "tail", "notes")

    def __init__(self):
        self.right = self.lost = self.doubled = self.wrong = 0
        self.moves = 0
        self.tail = 0  # what the origin that was left still had
        self.notes = []


class Follower:
    """`delivered(delay, now)` is called for each piece that is right, with the age of its oldest byte."""

    def __init__(self, logs, key, place, delivered):
        self._logs, self._delivered = logs, delivered
        self.key, self.place = key, place
        self.log = logs.find(key, int(place.epoch))
        self.offset = place.join
        self.counts = Counts()
        self._preface = bytearray()
        self._preface_left = place.preface
        self._early = []  # (bytes, time) that the origin's file does not have yet
        self._lost_place = None  # bytes from the last whole tag on, while it is unknown where they belong
        self._lost_since = 0.0
        self.hopeless = False  # what follows cannot be judged: the viewer must be opened again

    def take(self, data, now):
        """The next bytes of the viewer's."""
        log = self.log
        if not self._preface_left and not self._early and self._lost_place is None and log is not None:
            offset = self.offset
            if log.data.startswith(data, offset):
                self.offset = offset + len(data)
                self.counts.right += len(data)
                self._delivered(now - log.time_of(offset), now)
                return
        self._take_slowly(data, now)

    def _take_slowly(self, data, now):
        if self._preface_left:
            data = self._take_preface(data)
        if data:
            self._early.append((data, now))
            self.catch_up(now)

    def _take_preface(self, data):
        self._preface += data[:self._preface_left]
        rest = data[self._preface_left:]
        self._preface_left = max(0, self._preface_left - len(data))
        if not self._preface_left:
            try:
                oracle.check_preface(bytes(self._preface), self.place)
            except oracle.Mismatch as mismatch:
                self._wrong(len(self._preface), str(mismatch))
        return rest

    @property
    def waits(self):
        return bool(self._early)

    def catch_up(self, now):
        """Judges what came before the origin's file had it."""
        if self.log is None:
            self.log = self._logs.find(self.key, int(self.place.epoch))
        while self._early and self._judge(*self._early[0], now):
            self._early.pop(0)

    def _judge(self, data, came, now):
        """Whether this piece is settled."""
        if self.log is None:
            return self._too_old(data, came, now, "of an epoch that no origin recorded")
        if self._lost_place is not None:
            return self._find_place(data, came)
        log, offset = self.log, self.offset
        known = log.data[offset:offset + len(data)]
        same = oracle.first_difference(data, known)
        if same == len(data):
            self.offset += len(data)
            self.counts.right += len(data)
            self._delivered(max(0.0, came - log.time_of(offset)), came)
            return True
        if same == len(known) and not self._logs_after(log):
            return self._too_old(data, came, now, f"beyond the origin's {len(log.data)}")
        if same:
            self._delivered(max(0.0, came - log.time_of(offset)), came)
        self._leave(same, came)
        return self._find_place(data[same:], came)

    def _too_old(self, data, came, now, what):
        if now - came < WAIT_FOR_ORIGIN:
            return False
        self._wrong(len(data), f"{self.key}: {len(data)} bytes at {self.offset} are {what}")
        self.offset += len(data)
        return True

    def _leave(self, same, came):
        """The bytes went on otherwise than the log after so many more: back to where a tag begins."""
        reached = self.offset + same
        begin = max(self.log.tag_before(reached), self.place.join if self.counts.moves == 0 else 0)
        self.counts.right += begin - self.offset
        self.offset = begin
        self._lost_place, self._lost_since = bytearray(self.log.data[begin:reached]), came

    def _find_place(self, data, came):
        """Reads on from a tag's begin until a tag that some log has."""
        self._lost_place += data
        try:
            tags = flv.Parser(file_header=False).feed(bytes(self._lost_place))
        except flv.FlvError as error:
            self._give_up(str(error))
            return True
        media = [tag for tag in tags if not tag.is_header]
        for tag in media:
            rest = bytes(self._lost_place[tag.offset:])
            if found := self._search(rest[:tag.size]):
                self._go_on(*found, rest, came, unrecorded=tag.offset - media[0].offset)
                return True
        if came - self._lost_since > WAIT_FOR_ORIGIN:
            self._give_up(f"no origin has the {media[0]}" if media else "no picture follows")
        return True

    def _search(self, tag):
        """(log, offset) of these bytes: ahead, in a newer log, or behind."""
        ahead = self.log.data.find(tag, self.offset)
        if ahead >= 0:
            return self.log, ahead
        for log in self._logs_after(self.log):
            if (at := log.data.find(tag)) >= 0:
                return log, at
        behind = self.log.data.rfind(tag, 0, self.offset)
        return (self.log, behind) if behind >= 0 else None

    def _logs_after(self, log):
        return [one for one in self._logs.of_key(self.key) if one.epoch > log.epoch]

    def _go_on(self, log, at, rest, came, unrecorded):
        if unrecorded and (log is self.log or self.offset < len(self.log.data)):
            self._wrong(unrecorded, f"at {self.offset}: {unrecorded} bytes that no origin has")
        elif unrecorded:
            self._note(f"{unrecorded} bytes behind the end of a dead origin's record")
        if log is not self.log:
            self.counts.moves += 1
            self.counts.tail += len(self.log.data) - self.offset
        elif at >= self.offset:
            self.counts.lost += at - self.offset
            self._note(f"bytes {self.offset} to {at} are missing")
        else:
            self.counts.doubled += self.offset - at
            self._note(f"went back from {self.offset} to {at}")
        self.log, self.offset, self._lost_place = log, at, None
        self._early.insert(1, (rest, came))

    def _give_up(self, why):
        self._wrong(len(self._lost_place), f"at {self.offset}: {why}")
        self._lost_place = bytearray()
        self.hopeless = True

    def _wrong(self, count, why):
        self.counts.wrong += count
        self._note(why)

    def _note(self, text):
        self.counts.notes.append(f"{self.key}: {text}")

    def waiting_since(self):
        """When the oldest byte that its stream has and it lacks was there; None if it lacks none."""
        newest = self._logs.newest(self.key)
        if newest is None or self.log is None:
            return None
        if newest is not self.log:
            return newest.begun
        return self.log.time_of(self.offset)
