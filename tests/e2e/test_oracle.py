"""The oracle itself goes red for every kind of fault it is there to see."""

import pathlib
import random
import tempfile
import unittest

from sluice_e2e import flv, oracle

AVC_HEADER = b"\x17\x00\x00\x00\x00config"
AAC_HEADER = b"\xaf\x00\x12\x10"


def make_log():
    """Headers, then 4 s of video with a keyframe each second, audio between."""
    noise = random.Random(7)
    tags = [flv.make_tag(flv.SCRIPT, 0, b"\x02\x00\x0aonMetaData\x05"), flv.make_tag(flv.VIDEO, 0, AVC_HEADER),
            flv.make_tag(flv.AUDIO, 0, AAC_HEADER)]
    for frame in range(100):
        kind = b"\x17" if frame % 25 == 0 else b"\x27"
        tags.append(flv.make_tag(flv.VIDEO, frame * 40, kind + b"\x01\0\0\0" + noise.randbytes(200)))
        tags.append(flv.make_tag(flv.AUDIO, frame * 40, b"\xaf\x01" + noise.randbytes(60)))
    return b"".join(tags)


class Oracle(unittest.TestCase):
    def setUp(self):
        self.log = make_log()
        self.tags = flv.parse(self.log, file_header=False)
        self.keyframe = [tag for tag in self.tags if tag.is_keyframe][1]
        preface = flv.make_file_header() + b"".join(flv.make_tag(tag.type, 0, tag.data) for tag in self.tags[:3])
        self.place = oracle.Place("42", self.keyframe.offset, len(preface))
        self.recording = preface + self.log[self.keyframe.offset:]

    def assert_red(self, recording, offset, *words, place=None, at_least=1):
        with self.assertRaises(oracle.Mismatch) as caught:
            oracle.check(recording, place or self.place, self.log, at_least)
        self.assertEqual(caught.exception.offset, offset, caught.exception)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def at(self, tag):
        """Where a tag of the log stands in the recording."""
        return self.place.preface + tag.offset - self.place.join

    def test_a_true_recording_passes_and_says_how_much_was_compared(self):
        self.assertEqual(oracle.check(self.recording, self.place, self.log), len(self.log) - self.place.join)

    def test_a_recording_that_stops_inside_a_tag_passes(self):
        oracle.check(self.recording[:-7], self.place, self.log)

    def test_a_flipped_byte_is_found_at_its_offset(self):
        for distance in (0, 1, 500, len(self.log) - self.place.join - 1):
            recording = bytearray(self.recording)
            recording[self.place.preface + distance] ^= 1
            self.assert_red(bytes(recording), self.place.join + distance)

    def test_a_dropped_tag_is_found_and_named(self):
        tag = self.tags[90]
        recording = self.recording[:self.at(tag)] + self.recording[self.at(tag) + tag.size:]
        with self.assertRaises(oracle.Mismatch) as caught:
            oracle.check(recording, self.place, self.log)
        self.assertTrue(tag.offset <= caught.exception.offset < tag.offset + 11)
        self.assertIn("missing", str(caught.exception))

    def test_a_doubled_tag_is_found_and_named(self):
        tag = self.tags[90]
        end = self.at(tag) + tag.size
        recording = self.recording[:end] + self.recording[self.at(tag):]
        with self.assertRaises(oracle.Mismatch) as caught:
            oracle.check(recording, self.place, self.log)
        self.assertTrue(tag.offset + tag.size <= caught.exception.offset < tag.offset + tag.size + 11)
        self.assertIn("doubled", str(caught.exception))

    def test_swapped_tags_are_found(self):
        first, second = self.tags[90], self.tags[91]
        recording = (self.recording[:self.at(first)] + self.recording[self.at(second):self.at(second) + second.size]
                     + self.recording[self.at(first):self.at(second)] + self.recording[self.at(second) + second.size:])
        with self.assertRaises(oracle.Mismatch):
            oracle.check(recording, self.place, self.log)

    def test_bytes_the_origin_does_not_have_are_found(self):
        self.assert_red(self.recording + b"x", len(self.log), "more than the origin")

    def test_a_recording_too_short_to_prove_anything_is_red(self):
        self.assert_red(self.recording[:self.place.preface], self.place.join, "expected")
        self.assert_red(self.recording, len(self.log), at_least=10 ** 6)

    def test_a_join_that_is_no_join_point_is_red(self):
        for tag, word in ((self.tags[90], "no join point"), (self.tags[0], "no join point")):
            place = oracle.Place("42", tag.offset, self.place.preface)
            self.assert_red(self.recording[:self.place.preface] + self.log[tag.offset:], tag.offset, word, place=place)
        place = oracle.Place("42", self.place.join + 1, self.place.preface)
        self.assert_red(self.recording, self.place.join + 1, "not the start of a tag", place=place)

    def test_a_preface_that_is_short_cut_or_holds_frames_is_red(self):
        longer = oracle.Place("42", self.place.join, len(self.recording) + 1)
        self.assert_red(self.recording, self.place.join, "announced", place=longer)
        cut = oracle.Place("42", self.place.join, self.place.preface - 1)
        self.assert_red(self.recording, self.place.join, "inside a tag", place=cut)
        frames = oracle.Place("42", self.place.join, self.place.preface + self.keyframe.size)
        self.assert_red(self.recording, self.place.join, "only headers", place=frames)

    def test_a_preface_header_that_is_not_at_zero_is_red(self):
        preface = flv.make_file_header() + flv.make_tag(flv.VIDEO, 9000, AVC_HEADER)
        place = oracle.Place("42", self.place.join, len(preface))
        self.assert_red(preface + self.log[self.place.join:], self.place.join, "timestamp 0", place=place)

    def test_an_audio_only_log_may_be_joined_at_any_audio_tag(self):
        log = b"".join(flv.make_tag(flv.AUDIO, i * 23, b"\xaf\x01" + bytes([i])) for i in range(50))
        place = oracle.Place("1", flv.parse(log, file_header=False)[20].offset, flv.FILE_HEADER_SIZE)
        oracle.check(flv.make_file_header(video=False) + log[place.join:], place, log)

    def test_the_place_header_is_read_strictly(self):
        self.assertEqual(oracle.Place.parse("7;100;13"), oracle.Place("7", 100, 13))
        for wrong in (None, "", "7;100", "7;100;x", "7;-1;13", "7;1;2;3"):
            with self.assertRaises(AssertionError):
                oracle.Place.parse(wrong)

    def test_the_record_file_is_named_by_key_and_epoch_and_starts_at_offset_zero(self):
        with tempfile.TemporaryDirectory() as folder:
            path = oracle.record_path(folder, "live/room1", "42")
            self.assertEqual(path, pathlib.Path(folder, "live_room1-42.flv"))
            path.write_bytes(flv.make_file_header() + self.log)
            self.assertEqual(oracle.read_log(path, at_least=len(self.log)), self.log)
            with self.assertRaises(AssertionError):
                oracle.read_log(path, at_least=len(self.log) + 1, limit=0.1)


class FlvParser(unittest.TestCase):
    def test_bytes_may_be_cut_anywhere(self):
        data = flv.make_file_header() + make_log()
        whole = flv.parse(data)
        parser = flv.Parser()
        piecewise = [tag for i in range(0, len(data), 7) for tag in parser.feed(data[i:i + 7])]
        self.assertEqual(piecewise, whole)
        self.assertEqual(parser.consumed, len(data))

    def test_a_wrong_previous_tag_size_is_refused(self):
        data = bytearray(flv.make_tag(flv.AUDIO, 0, b"\xaf\x01x"))
        data[-1] ^= 1
        with self.assertRaises(flv.FlvError):
            flv.parse(bytes(data), file_header=False)


if __name__ == "__main__":
    unittest.main()
