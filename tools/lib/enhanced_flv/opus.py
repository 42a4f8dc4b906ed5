"""Opus in Ogg."""

import sys

from .tags import CODED_FRAMES, SEQUENCE_START, ex_audio


def ogg_packets(data):
    """RFC 3533 6: the packets of a file with one logical stream."""
    at, packet = 0, b""
    while data[at : at + 4] == b"OggS":
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        at += 27 + len(lacing)
        for size in lacing:
            packet += data[at : at + size]
            at += size
            if size < 255:
                yield packet
                packet = b""


def opus_samples(packet):
    """RFC 6716 3.1: samples at 48 kHz, from the TOC byte's configuration and frame count."""
    config = packet[0] >> 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config % 4]
    elif config < 16:
        frame = (480, 960)[config % 2]
    else:
        frame = (120, 240, 480, 960)[config % 4]
    code = packet[0] & 3
    return frame * (1 if code == 0 else 2 if code < 3 else packet[1] & 63)


def read_ogg(data):
    packets = list(ogg_packets(data))
    if not packets or packets[0][:8] != b"OpusHead":
        sys.exit("enhanced-flv: not an Ogg file of Opus")
    # EA, "SequenceStart, Opus: body contains Opus ID header" (RFC 7845 5.1, magic signature included).
    tags, samples = [(0, ex_audio(SEQUENCE_START, b"Opus", packets[0]))], 0
    for packet in packets[2:]:
        # EA, "CodedFrames, Opus: body contains Opus packets".
        tags.append((samples // 48, ex_audio(CODED_FRAMES, b"Opus", packet)))
        samples += opus_samples(packet)
    return tags, {"audiocodecid": int.from_bytes(b"Opus", "big")}
