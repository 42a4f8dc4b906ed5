"""The oracle: what a viewer recorded, after its preface, equals the origin's bytes at its join offset.

The origin's record (`--record DIR`) is DIR/<key with / as _>-<epoch>.flv: the 13-byte file header, then the
stream's log from offset 0. A viewer's place comes from the response header
`Sluice-Log: <epoch>;<join offset>;<preface length>`."""

import dataclasses
import pathlib
import time

from . import flv

# How much of the recording after a difference is looked for elsewhere in the origin's log, to say what
# happened.
PROBE = 48


class Mismatch(AssertionError):
    """The recording is not what the origin has. `offset` is the first wrong one, in the log."""

    def __init__(self, offset, message):
        super().__init__(f"at log offset {offset}: {message}")
        self.offset = offset


@dataclasses.dataclass(frozen=True)
class Place:
    epoch: str
    join: int
    preface: int

    @staticmethod
    def parse(header):
        parts = (header or "").split(";")
        if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
            raise AssertionError(f"Sluice-Log: {header!r}; <epoch>;<join offset>;<preface length> expected")
        epoch, join, preface = (part.strip() for part in parts)
        return Place(epoch, int(join), int(preface))


def record_path(folder, key, epoch):
    return pathlib.Path(folder) / f"{key.replace('/', '_')}-{epoch}.flv"


def read_log(path, at_least=0, limit=5.0):
    """The log's bytes from a record file, once it has `at_least` of them: the file may trail the viewers."""
    deadline = time.monotonic() + limit
    while True:
        data = path.read_bytes() if path.exists() else b""
        if len(data) - flv.FILE_HEADER_SIZE >= at_least:
            break
        if time.monotonic() > deadline:
            raise AssertionError(f"{path}: {len(data)} bytes after {limit} s; a log of {at_least} expected")
        time.sleep(0.05)
    flv.parse(data[:flv.FILE_HEADER_SIZE])
    return data[flv.FILE_HEADER_SIZE:]


def check(recording, place, log, at_least=1):
    """Raises Mismatch unless `recording` is a valid preface and then `log[place.join:]`, contiguous and
    identical to its end, `at_least` bytes long. Returns how many bytes of log were compared."""
    check_preface(recording[:place.preface], place)
    check_join(place, log)
    body = recording[place.preface:]
    expected = log[place.join:place.join + len(body)]
    if body[:len(expected)] != expected:
        difference = first_difference(body, expected)
        raise Mismatch(place.join + difference, explain(body[difference:], place.join + difference, log))
    if len(body) > len(expected):
        raise Mismatch(len(log), f"the viewer has {len(body) - len(expected)} bytes more than the origin")
    if len(body) < at_least:
        raise Mismatch(place.join + len(body), f"only {len(body)} bytes recorded; {at_least} expected")
    return len(body)


def check_move(recording, place, first, second, cut_off=0):
    """Raises Mismatch unless `recording` is a preface, a range of the log `first` from `place.join` on, headers
    again, and then a range of the log `second` from one of its join points on, with timestamps that never go
    back. The last `cut_off` bytes of the first range may be missing in `first`: its origin was killed before
    they were on its disk. Returns the sizes of both ranges."""
    check_preface(recording[:place.preface], place)
    check_join(place, first)
    tags = flv.parse(recording[place.preface:], file_header=False)
    check_times(tags)
    seam = next((i for i, tag in enumerate(tags) if tag.is_header), None)
    if seam is None:
        raise Mismatch(place.join + len(recording) - place.preface, "no headers of a second log came")
    behind = next((i for i in range(seam, len(tags)) if not tags[i].is_header), None)
    if behind is None:
        raise Mismatch(place.join + tags[seam].offset, "nothing follows the second log's headers")
    body = recording[place.preface:]
    size = tags[seam].offset
    known = min(size, max(0, len(first) - place.join))
    if size - known > cut_off:
        raise Mismatch(len(first), f"the viewer has {size - known} bytes more than the first origin")
    if body[:known] != first[place.join:place.join + known]:
        difference = first_difference(body[:known], first[place.join:place.join + known])
        raise Mismatch(place.join + difference, explain(body[difference:size], place.join + difference, first))
    check_headers_again(tags[seam:behind], tags[behind], second)
    rest = body[tags[behind].offset:]
    starts = [tag.offset for tag in flv.parse(second, file_header=False) if tag.is_keyframe]
    start = next((at for at in starts if second[at:at + PROBE] == rest[:PROBE]), None)
    if start is None:
        raise Mismatch(0, f"the second range starts at no join point of the second log: {tags[behind]}")
    expected = second[start:start + len(rest)]
    if rest != expected:
        difference = first_difference(rest, expected)
        raise Mismatch(start + difference, explain(rest[difference:], start + difference, second))
    return size, len(rest)


def check_headers_again(headers, follows, log):
    """Those in force in `log`, once each, at the time of the tag that follows them."""
    known = [tag for tag in flv.parse(log, file_header=False) if tag.is_header]
    for tag in headers:
        if tag.timestamp != follows.timestamp:
            raise Mismatch(tag.offset, f"{tag}, but {follows} follows")
        if not any(one.type == tag.type and one.data == tag.data for one in known):
            raise Mismatch(tag.offset, f"{tag} is none of the log's")
    if len({tag.type for tag in headers}) != len(headers):
        raise Mismatch(headers[0].offset, "a header came twice")


def check_times(tags):
    """Per track, and over all tracks from one log to the next, time never goes back."""
    last = {}
    for tag in tags:
        if tag.timestamp < last.get(tag.type, 0):
            raise Mismatch(tag.offset, f"{tag} goes back from {last[tag.type]} ms")
        last[tag.type] = tag.timestamp


def check_preface(preface, place):
    if len(preface) < place.preface:
        raise Mismatch(place.join, f"a preface of {len(preface)} bytes; {place.preface} were announced")
    parser = flv.Parser()
    try:
        tags = parser.feed(preface)
    except flv.FlvError as error:
        raise Mismatch(place.join, f"the preface is no FLV: {error}") from error
    if parser.consumed != place.preface:
        raise Mismatch(place.join, f"the preface of {place.preface} bytes ends inside a tag")
    for tag in tags:
        if not tag.is_header or tag.timestamp != 0:
            raise Mismatch(place.join, f"in the preface: {tag}; only headers with timestamp 0 belong there")


def check_join(place, log):
    """A viewer starts at a join point: a video keyframe, or any audio tag of an audio-only stream."""
    tags = flv.parse(log, file_header=False)
    first = next((tag for tag in tags if tag.offset == place.join), None)
    if first is None:
        raise Mismatch(place.join, "the join offset is not the start of a tag of the origin's log")
    audio_only = not any(tag.is_video for tag in tags)
    if not first.is_keyframe and not (audio_only and first.is_audio):
        raise Mismatch(place.join, f"joined at no join point: {first}")


def first_difference(left, right):
    """The index of the first differing byte, by halving: both may be many megabytes."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def explain(rest, offset, log):
    """What the recording has instead of the log at `offset`."""
    tag = next((t for t in flv.parse(log, file_header=False) if t.offset <= offset < t.offset + t.size), None)
    inside = f"in the {tag}" if tag else "beyond the origin's last whole tag"
    elsewhere = log.find(rest[:PROBE]) if len(rest) >= PROBE else -1
    if elsewhere > offset:
        return f"{inside}; the recording goes on with the log's {elsewhere}: {elsewhere - offset} bytes missing"
    if 0 <= elsewhere < offset:
        return f"{inside}; the recording goes back to the log's {elsewhere}: {offset - elsewhere} bytes doubled"
    return f"{inside}; recorded {rest[:16].hex()}, origin {log[offset:offset + 16].hex()}"
