"""AV1 in IVF."""

import struct
import sys

from .bits import Bits
from .tags import CODED_FRAMES, INTER, KEY, SEQUENCE_START, ex_video

OBU_SEQUENCE_HEADER, OBU_TEMPORAL_DELIMITER = 1, 2  # AV1 6.2.2


def obus(unit):
    """AV1 5.3: (type, header and size and payload, payload) of each OBU; all carry obu_size here."""
    at = 0
    while at < len(unit):
        head = unit[at]
        start, at = at, at + (2 if head & 4 else 1)
        size = shift = 0
        while True:
            byte = unit[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield head >> 3 & 15, unit[start : at + size], unit[at : at + size]
        at += size


def av1_levels(bits):
    """AV1 5.5.1 up to frame_width_bits_minus_1: (reduced_still_picture_header, level, tier) of point 0."""
    bits.u(1)  # still_picture
    if bits.u(1):
        return True, bits.u(5), 0
    delay_bits = None
    if bits.u(1):  # timing_info_present_flag
        bits.u(64)
        if bits.u(1):  # equal_picture_interval
            bits.ue()
        if bits.u(1):  # decoder_model_info_present_flag
            delay_bits = bits.u(5) + 1
            bits.u(42)
    display_delay = bits.u(1)
    level = tier = 0
    for point in range(bits.u(5) + 1):
        bits.u(12)
        point_level = bits.u(5)
        point_tier = bits.u(1) if point_level > 7 else 0
        if delay_bits and bits.u(1):
            bits.u(2 * delay_bits + 1)
        if display_delay and bits.u(1):
            bits.u(4)
        if point == 0:
            level, tier = point_level, point_tier
    return False, level, tier


def skip_av1_tools(bits, reduced):
    """AV1 5.5.1 from frame_width_bits_minus_1 to enable_restoration."""
    width_bits, height_bits = bits.u(4) + 1, bits.u(4) + 1
    bits.u(width_bits + height_bits)
    if not reduced and bits.u(1):  # frame_id_numbers_present_flag
        bits.u(7)
    bits.u(3)
    if not reduced:
        bits.u(4)
        order_hint = bits.u(1)
        if order_hint:
            bits.u(2)
        screen = 2 if bits.u(1) else bits.u(1)
        if screen and not bits.u(1):
            bits.u(1)
        if order_hint:
            bits.u(3)
    bits.u(3)


def av1_color(bits, profile):
    """AV1 5.5.2: (high_bitdepth, twelve_bit, mono, subsampling x, y, chroma_sample_position)."""
    high = bits.u(1)
    twelve = bits.u(1) if profile == 2 and high else 0
    mono = 0 if profile == 1 else bits.u(1)
    description = (bits.u(8), bits.u(8), bits.u(8)) if bits.u(1) else None
    if mono:
        return high, twelve, 1, 1, 1, 0
    if description == (1, 13, 0):  # sRGB
        return high, twelve, 0, 0, 0, 0
    bits.u(1)  # color_range
    if profile == 2 and twelve:
        x = bits.u(1)
        y = bits.u(1) if x else 0
    else:
        x, y = {0: (1, 1), 1: (0, 0), 2: (1, 0)}[profile]
    return high, twelve, 0, x, y, bits.u(2) if x and y else 0


def av1c(obu, payload):
    """AV1 in ISOBMFF 2.3.3, AV1CodecConfigurationRecord."""
    bits = Bits(payload)
    profile = bits.u(3)
    reduced, level, tier = av1_levels(bits)
    skip_av1_tools(bits, reduced)
    high, twelve, mono, x, y, position = av1_color(bits, profile)
    third = tier << 7 | high << 6 | twelve << 5 | mono << 4 | x << 3 | y << 2 | position
    return bytes([0x81, profile << 5 | level, third, 0]) + obu


def read_ivf(data):
    """(timestamp ms, ExVideo payload) of each tag, and numbers for onMetaData."""
    if data[:4] != b"DKIF" or data[8:12] != b"AV01":
        sys.exit("enhanced-flv: not an IVF file of AV1")
    width, height, rate, scale = struct.unpack("<HHII", data[12:24])
    tags, config, at = [], None, struct.unpack("<H", data[6:8])[0]
    while at + 12 <= len(data):
        size, pts = struct.unpack("<IQ", data[at : at + 12])
        unit = list(obus(data[at + 12 : at + 12 + size]))
        at += 12 + size
        timestamp = pts * scale * 1000 // rate
        sequence = [o for o in unit if o[0] == OBU_SEQUENCE_HEADER]
        if sequence and av1c(sequence[0][1], sequence[0][2]) != config:
            config = av1c(sequence[0][1], sequence[0][2])
            # EV, "SequenceStart, av01: body contains AV1CodecConfigurationRecord".
            tags.append((timestamp, ex_video(KEY, SEQUENCE_START, b"av01", config)))
        # EV, "CodedFrames, av01: one or more OBUs which comprise one temporal unit"; no composition time.
        body = b"".join(o[1] for o in unit if o[0] != OBU_TEMPORAL_DELIMITER)
        tags.append((timestamp, ex_video(KEY if sequence else INTER, CODED_FRAMES, b"av01", body)))
    return tags, {"width": width, "height": height, "videocodecid": int.from_bytes(b"av01", "big")}
