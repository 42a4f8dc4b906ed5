"""FLV tags and the headers that Enhanced RTMP puts into them."""

import struct

AUDIO, VIDEO, SCRIPT = 8, 9, 18  # FLV E.4.1 TagType
# EV, VideoPacketType; EA, AudioPacketType has the same first three.
SEQUENCE_START, CODED_FRAMES, SEQUENCE_END, CODED_FRAMES_X = 0, 1, 2, 3
KEY, INTER = 1, 2  # EV, VideoFrameType


def tag(kind, timestamp, data):
    """FLV E.4.1: TagType, DataSize, Timestamp, TimestampExtended, StreamID; then PreviousTagSize."""
    size = struct.pack(">I", len(data))[1:]
    stamp = struct.pack(">I", timestamp & 0xFFFFFF)[1:] + bytes([timestamp >> 24 & 0xFF])
    return bytes([kind]) + size + stamp + b"\0\0\0" + data + struct.pack(">I", len(data) + 11)


def ex_video(frame_type, packet_type, fourcc, body):
    """EV, ExVideoTagHeader: isExVideoHeader 1 bit, videoFrameType 3, videoPacketType 4, videoFourCc 32."""
    return bytes([0x80 | frame_type << 4 | packet_type]) + fourcc + body


def ex_audio(packet_type, fourcc, body):
    """EA, ExAudioTagHeader: soundFormat 9 (ExHeader) 4 bits, audioPacketType 4, audioFourCc 32."""
    return bytes([9 << 4 | packet_type]) + fourcc + body


def metadata(numbers):
    """FLV E.4.4, onMetaData as an ECMA array of numbers. videocodecid and audiocodecid are FourCCs as numbers
    ("Enhancing onMetaData")."""
    out = b"\x02\x00\x0aonMetaData\x08" + struct.pack(">I", len(numbers))
    for name, value in numbers.items():
        out += struct.pack(">H", len(name)) + name.encode() + b"\0" + struct.pack(">d", value)
    return out + b"\0\0\x09"
