"""HEVC in Annex B."""

import struct
import sys

from .bits import Bits
from .tags import CODED_FRAMES, CODED_FRAMES_X, INTER, KEY, SEQUENCE_START, ex_video


def nal_units(data):
    """H.265 annex B: the NAL units between start codes."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        end = data.find(b"\0\0\1", at + 3)
        unit = data[at + 3 : end if end >= 0 else len(data)]
        yield unit.rstrip(b"\0") if end >= 0 else unit
        at = end


def read_sps(unit):
    """H.265 7.3.2.2: the 12 bytes of profile_tier_level, chroma format, width, height, bit depths."""
    plain = unit.replace(b"\0\0\3", b"\0\0")
    if plain[2] >> 1 & 7:
        sys.exit("enhanced-flv: HEVC with temporal sub-layers is not handled")
    bits = Bits(plain[15:])
    bits.ue()
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    width, height = bits.ue(), bits.ue()
    if bits.u(1):  # conformance_window_flag
        left, right, top, bottom = (bits.ue() for _ in range(4))
        unit_x, unit_y = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}[chroma]
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    return plain[3:15], chroma, width, height, bits.ue(), bits.ue()


def hvcc(sets):
    """ISO 14496-15 8.3.3.1.2, HEVCDecoderConfigurationRecord; `sets`: VPS 32, SPS 33, PPS 34."""
    level, chroma, _, _, luma_depth, chroma_depth = read_sps(sets[33])
    out = b"\x01" + level + b"\xf0\0" + bytes([0xFC, 0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth])
    out += b"\0\0" + bytes([1 << 3 | (sets[33][2] & 1) << 2 | 3, len(sets)])
    for kind, unit in sorted(sets.items()):
        out += bytes([0x80 | kind]) + struct.pack(">HH", 1, len(unit)) + unit
    return out


def pictures(data):
    """H.265 7.4.2.4.4: access units, begun by the first slice segment of a picture and what precedes it."""
    unit, has_picture = [], False
    for nal in nal_units(data):
        kind = nal[0] >> 1 & 63
        begins = nal[2] >> 7 if kind < 32 else kind in (32, 33, 34, 35, 39)
        if has_picture and begins:
            yield unit
            unit, has_picture = [], False
        has_picture |= kind < 32
        unit.append((kind, nal))
    if unit:
        yield unit


def read_hevc(data, fps):
    tags, config, size = [], None, (0, 0)
    for number, unit in enumerate(pictures(data)):
        timestamp = round(number * 1000 / fps)
        sets = {kind: nal for kind, nal in unit if kind in (32, 33, 34)}
        if len(sets) == 3 and hvcc(sets) != config:
            config, size = hvcc(sets), read_sps(sets[33])[2:4]
            # EV, "SequenceStart, hvc1: body contains HEVCDecoderConfigurationRecord".
            tags.append((timestamp, ex_video(KEY, SEQUENCE_START, b"hvc1", config)))
        body = b"".join(struct.pack(">I", len(nal)) + nal for kind, nal in unit if kind not in (32, 33, 34, 35))
        if any(16 <= kind <= 21 for kind, _ in unit):  # H.265 table 7-1: IRAP pictures
            # EV, "CodedFrames, hvc1: SI24 compositionTimeOffset, then NALUs".
            tags.append((timestamp, ex_video(KEY, CODED_FRAMES, b"hvc1", b"\0\0\0" + body)))
        else:
            # EV, "CodedFramesX: compositionTimeOffset is implied to equal zero".
            tags.append((timestamp, ex_video(INTER, CODED_FRAMES_X, b"hvc1", body)))
    if not config:
        sys.exit("enhanced-flv: no VPS, SPS and PPS in the HEVC file")
    codec = int.from_bytes(b"hvc1", "big")
    return tags, {"width": size[0], "height": size[1], "framerate": fps, "videocodecid": codec}
