"""avc1 and mp4a from a legacy FLV."""

import sys

from .tags import AUDIO, CODED_FRAMES, CODED_FRAMES_X, SEQUENCE_START, VIDEO, ex_audio, ex_video


def extend(kind, data):
    """A legacy AVC or AAC payload (FLV E.4.2.1, E.4.3.1) in the extended form; others unchanged."""
    if kind == VIDEO and data[0] & 15 == 7:
        frame_type, composition, body = data[0] >> 4, data[2:5], data[5:]
        if data[1] != 1:  # AVCPacketType 0 and 2 are SequenceStart and SequenceEnd
            return ex_video(frame_type, data[1], b"avc1", body)
        if composition == b"\0\0\0":
            return ex_video(frame_type, CODED_FRAMES_X, b"avc1", body)
        return ex_video(frame_type, CODED_FRAMES, b"avc1", composition + body)
    if kind == AUDIO and data[0] >> 4 == 10:
        return ex_audio(CODED_FRAMES if data[1] else SEQUENCE_START, b"mp4a", data[2:])
    return data


def read_flv(data):
    if data[:3] != b"FLV":
        sys.exit("enhanced-flv: not an FLV file")
    at, tags = 13, []
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        timestamp = int.from_bytes(data[at + 4 : at + 7], "big") | data[at + 7] << 24
        payload = data[at + 11 : at + 11 + size]
        tags.append((timestamp, data[at], extend(data[at], payload) if payload else payload))
        at += 15 + size
    return tags
