"""Reads FLV bytes, strictly (Adobe "Video File Format Specification 10.1", annex E). Incremental."""

import dataclasses

AUDIO, VIDEO, SCRIPT = 8, 9, 18
FILE_HEADER_SIZE = 13  # with PreviousTagSize0
KINDS = {AUDIO: "audio", VIDEO: "video", SCRIPT: "script"}


class FlvError(Exception):
    """The bytes are no FLV; the message names the offset."""


@dataclasses.dataclass(frozen=True)
class Tag:
    offset: int  # of its first byte, from the parser's start
    type: int
    timestamp: int  # ms
    data: bytes

    @property
    def size(self):
        """Bytes it takes in the file: header, data and PreviousTagSize."""
        return len(self.data) + 15

    @property
    def is_video(self):
        return self.type == VIDEO

    @property
    def is_audio(self):
        return self.type == AUDIO

    @property
    def is_header(self):
        """Metadata, or a sequence header: legacy AVC and AAC, or the extended form's packet type 0."""
        if self.type == SCRIPT:
            return True
        if len(self.data) < 2:
            return False
        if self.type == VIDEO:
            if self.data[0] & 0x80:
                return self.data[0] & 0x0F == 0
            return self.data[0] & 0x0F == 7 and self.data[1] == 0
        if self.data[0] >> 4 == 9:
            return self.data[0] & 0x0F == 0
        return self.data[0] >> 4 == 10 and self.data[1] == 0

    @property
    def is_keyframe(self):
        return self.is_video and bool(self.data) and self.data[0] >> 4 & 7 == 1 and not self.is_header

    @property
    def is_frame(self):
        return self.is_video and not self.is_header

    def __str__(self):
        what = KINDS[self.type]
        what += " header" if self.is_header else " keyframe" if self.is_keyframe else ""
        return f"{what} tag at {self.offset}, {self.timestamp} ms, {self.size} bytes"


class Parser:
    """Feed it bytes as they come; it returns the tags that are complete. With `file_header`, the bytes begin
    with a file header; without, with a tag."""

    def __init__(self, file_header=True):
        self._buffer = bytearray()
        self._offset = 0  # of the buffer's first byte
        self._wants_header = file_header
        self.flags = None  # the file header's track flags

    def feed(self, data):
        self._buffer += data
        if self._wants_header:
            if len(self._buffer) < FILE_HEADER_SIZE:
                return []
            self._read_file_header()
        tags = []
        while (tag := self._next_tag()) is not None:
            tags.append(tag)
        return tags

    @property
    def consumed(self):
        """The offset after the last complete tag."""
        return self._offset

    def _read_file_header(self):
        head = bytes(self._buffer[:FILE_HEADER_SIZE])
        if head[:4] != b"FLV\x01" or head[5:] != b"\0\0\0\x09\0\0\0\0":
            raise FlvError(f"no FLV file header: {head.hex()}")
        self.flags = head[4]
        self._wants_header = False
        self._drop(FILE_HEADER_SIZE)

    def _next_tag(self):
        if len(self._buffer) < 11:
            return None
        kind = self._buffer[0]
        if kind not in KINDS or self._buffer[8:11] != b"\0\0\0":
            raise FlvError(f"no tag header at {self._offset}: {bytes(self._buffer[:11]).hex()}")
        size = int.from_bytes(self._buffer[1:4], "big")
        timestamp = int.from_bytes(self._buffer[4:7], "big") | self._buffer[7] << 24
        if len(self._buffer) < size + 15:
            return None
        back = int.from_bytes(self._buffer[size + 11:size + 15], "big")
        if back != size + 11:
            raise FlvError(f"PreviousTagSize {back} after the tag at {self._offset}; {size + 11} expected")
        tag = Tag(self._offset, kind, timestamp, bytes(self._buffer[11:size + 11]))
        self._drop(tag.size)
        return tag

    def _drop(self, count):
        del self._buffer[:count]
        self._offset += count


def parse(data, file_header=True):
    """All complete tags of `data`."""
    return Parser(file_header).feed(data)


def make_tag(kind, timestamp, data):
    """The bytes of one tag; for tests that need some."""
    head = bytes([kind]) + len(data).to_bytes(3, "big") + (timestamp & 0xFFFFFF).to_bytes(3, "big")
    head += bytes([timestamp >> 24 & 0xFF]) + b"\0\0\0"
    return head + data + (len(data) + 11).to_bytes(4, "big")


def make_file_header(audio=True, video=True):
    return b"FLV\x01" + bytes([(4 if audio else 0) | (1 if video else 0)]) + b"\0\0\0\x09\0\0\0\0"
