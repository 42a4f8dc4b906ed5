#!/usr/bin/python3
"""The judge of tools/chaos: it sees a lost, a doubled and a changed byte, a late one and one that never came, and it
follows a stream to another origin. Without any cluster."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "lib"), str(ROOT / "tests" / "e2e")]

from chaos import bars, node_logs, plan, table  # noqa: E402
from chaos.fault import Fault  # noqa: E402
from chaos.following import WAIT_FOR_ORIGIN, Follower  # noqa: E402
from chaos.reference import Logs  # noqa: E402
from chaos.sockets import Frames  # noqa: E402
from sluice_e2e import oracle  # noqa: E402

FILE_HEADER = b"FLV\x01\x05\0\0\0\x09\0\0\0\0"
KEY = "live/room1"


def tag(kind, timestamp, data):
    size = len(data)
    return (bytes([kind]) + size.to_bytes(3, "big") + (timestamp & 0xFFFFFF).to_bytes(3, "big")
            + bytes([timestamp >> 24]) + bytes(3) + data + (size + 11).to_bytes(4, "big"))


def frame(number, epoch=1):
    head = b"\x17\x01" if number % 10 == 0 else b"\x27\x01"
    return tag(9, number * 33, head + bytes(3) + f"epoch {epoch} frame {number} ".encode() * 5)


HEADERS = tag(9, 0, b"\x17\0\0\0\0configuration")
PREFACE = FILE_HEADER + HEADERS


class JudgeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.logs = Logs([self.folder])
        self.addCleanup(self.logs.close)
        self.delays = []

    def record(self, frames, epoch=1, now=0.0, key=KEY):
        """Appends these frames to the origin's file, as seen at `now`."""
        path = self.folder / f"{key.replace('/', '_')}-{epoch}.flv"
        new = not path.exists()
        with path.open("ab") as out:
            out.write((FILE_HEADER + HEADERS if new else b"") + b"".join(frames))
        self.logs.news(now)

    def follower(self, join=len(HEADERS)):
        place = oracle.Place("1", join, len(PREFACE))
        follower = Follower(self.logs, KEY, place, lambda delay, now: self.delays.append(delay))
        follower.take(PREFACE, 0.0)
        return follower

    def sums(self, follower):
        counts = follower.counts
        return {name: getattr(counts, name) for name in ("lost", "doubled", "wrong", "moves", "tail")
                if getattr(counts, name)}


class Following(JudgeTest):
    def test_the_same_bytes_in_any_pieces_are_right(self):
        frames = [frame(i) for i in range(20)]
        self.record(frames)
        follower, data = self.follower(), b"".join(frames)
        for at in range(0, len(data), 37):
            follower.take(data[at:at + 37], 0.5)
        self.assertEqual(self.sums(follower), {})
        self.assertEqual(follower.counts.right, len(data))

    def test_a_missing_tag_is_counted(self):
        frames = [frame(i) for i in range(20)]
        self.record(frames)
        follower = self.follower()
        follower.take(b"".join(frames[:7] + frames[8:]), 0.5)
        self.assertEqual(self.sums(follower), {"lost": len(frames[7])})

    def test_a_doubled_tag_is_counted(self):
        frames = [frame(i) for i in range(20)]
        self.record(frames)
        follower = self.follower()
        follower.take(b"".join(frames[:8] + frames[7:]), 0.5)
        self.assertEqual(self.sums(follower), {"doubled": len(frames[7])})

    def test_a_flipped_byte_is_counted(self):
        frames = [frame(i) for i in range(20)]
        self.record(frames)
        data = bytearray(b"".join(frames))
        data[len(frames[0]) * 5 + 40] ^= 1
        follower = self.follower()
        follower.take(bytes(data), 0.5)
        self.assertEqual(self.sums(follower), {"wrong": len(frames[5]), "lost": len(frames[5])})

    def test_bytes_of_no_log_at_all_are_wrong(self):
        self.record([frame(0)])
        follower = self.follower()
        follower.take(frame(0) + frame(1), 1.0)
        self.assertEqual(self.sums(follower), {})
        follower.catch_up(1.1 + WAIT_FOR_ORIGIN)
        self.assertEqual(self.sums(follower), {"wrong": len(frame(0) + frame(1))})

    def test_a_viewer_may_be_ahead_of_the_file_for_a_moment(self):
        self.record([frame(0)])
        follower = self.follower()
        follower.take(frame(0), 1.0)
        follower.take(frame(1), 1.1)
        self.assertTrue(follower.waits)
        self.record([frame(1)], now=1.2)
        follower.catch_up(1.2)
        self.assertEqual(self.sums(follower), {})
        self.assertFalse(follower.waits)

    def test_a_preface_with_a_wrong_timestamp_is_wrong(self):
        self.record([frame(0)])
        place = oracle.Place("1", len(HEADERS), len(PREFACE))
        follower = Follower(self.logs, KEY, place, lambda delay, now: None)
        follower.take(FILE_HEADER + tag(9, 7, HEADERS[11:-4]) + frame(0), 0.0)
        self.assertGreater(follower.counts.wrong, 0)

    def test_a_stream_that_moved_goes_on_with_headers_and_a_keyframe_of_the_new_log(self):
        old, new = [frame(i) for i in range(15)], [frame(i, epoch=2) for i in range(20, 40)]
        self.record(old)
        follower = self.follower()
        follower.take(b"".join(old[:12]), 0.5)
        self.record(new, epoch=2, now=1.0)
        follower.take(HEADERS + b"".join(new), 1.25)
        self.assertEqual(self.sums(follower), {"moves": 1, "tail": len(b"".join(old[12:]))})
        self.assertEqual(self.delays[-1], 0.25)
        self.assertEqual(follower.log.epoch, 2)

    def test_the_new_log_is_held_to_the_same_standard(self):
        old, new = [frame(i) for i in range(15)], [frame(i, epoch=2) for i in range(20, 40)]
        self.record(old)
        follower = self.follower()
        follower.take(b"".join(old), 0.5)
        self.record(new, epoch=2, now=1.0)
        follower.take(HEADERS + b"".join(new[:5] + new[6:]), 1.25)
        self.assertEqual(self.sums(follower), {"moves": 1, "lost": len(new[5])})


class Times(JudgeTest):
    def test_a_delay_is_that_of_the_oldest_byte_of_a_piece(self):
        self.record([frame(0)], now=1.0)
        self.record([frame(1)], now=2.0)
        follower = self.follower()
        follower.take(frame(0) + frame(1), 2.5)
        self.assertEqual(self.delays, [1.5])

    def test_what_never_came_is_waited_for_since_its_origin_had_it(self):
        self.record([frame(0)], now=1.0)
        follower = self.follower()
        follower.take(frame(0), 1.0)
        self.assertIsNone(follower.waiting_since())
        self.record([frame(1)], now=3.0)
        self.assertEqual(follower.waiting_since(), 3.0)

    def test_a_viewer_left_in_an_old_log_waits_since_the_new_one_began(self):
        self.record([frame(0)], now=1.0)
        follower = self.follower()
        follower.take(frame(0), 1.0)
        self.record([frame(20, epoch=2)], epoch=2, now=4.0)
        self.assertEqual(follower.waiting_since(), 4.0)


class FramesTest(unittest.TestCase):
    def test_messages_are_joined_however_they_are_cut(self):
        payload = [b"a" * 10, b"b" * 300, b"c" * 70000]
        data = b""
        for one in payload:
            size = len(one)
            data += b"\x82" + (bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 65536
                               else b"\x7f" + size.to_bytes(8, "big")) + one
        for step in (1, 7, 65536, len(data)):
            frames = Frames()
            got = b"".join(frames.take(data[at:at + step]) for at in range(0, len(data), step))
            self.assertEqual(got, b"".join(payload))

    def test_a_close_frame_is_told(self):
        frames = Frames()
        frames.take(b"\x88\x09" + (4001).to_bytes(2, "big") + b"changed")
        self.assertEqual(frames.closing, "4001 changed")


class Judging(unittest.TestCase):
    def row(self, **changes):
        rows = bars.rows([Fault("relay killed", "r1", 0.0, **changes)], median=0.010)
        return rows["relay killed"]

    def test_pauses_are_the_excess_over_the_median(self):
        row = self.row(pauses=[0.005, 0.030, 0.110])
        self.assertEqual([round(pause, 3) for pause in row.pauses], [0.0, 0.020, 0.100])
        self.assertEqual(bars.judge(row), [])

    def test_every_bar_can_be_missed(self):
        for changes, word in (({"pauses": [0.05] * 3}, "median"), ({"pauses": [0.01, 0.01, 0.3]}, "longest"),
                              ({"others": [0.3]}, "not about"), ({"after": 0.3}, "afterwards"), ({"lost": 1}, "lost"), ({"doubled": 1}, "doubled"),
                              ({"wrong": 1}, "wrong"), ({"closed": 1}, "closed"), ({"unfinished": 1}, "never"),
                              ({"serving": 1.5}, "serving"), ({"list_known": 0.4}, "list"),
                              ({"broken": ["no new stream"]}, "no new stream")):
            missed = bars.judge(self.row(**changes))
            self.assertEqual(len(missed), 1, changes)
            self.assertIn(word, missed[0])

    def test_there_is_slack_for_pauses_but_not_for_bytes(self):
        self.assertEqual(bars.judge(self.row(pauses=[0.05], serving=1.5), slack=1.0), [])
        self.assertEqual(len(bars.judge(self.row(lost=1), slack=1.0)), 1)

    def test_hedged_viewers_have_a_row_of_their_own(self):
        rows = bars.rows([Fault("relay frozen", "r1", 0.0, pauses=[0.6], hedged=[0.06])], median=0.0)
        self.assertEqual(bars.judge(rows["relay frozen"]), [])
        self.assertEqual(len(bars.judge(rows[bars.HEDGED])), 1)

    def test_what_was_skipped_is_in_the_table_and_never_held(self):
        lines = table.lines([], {"etcd dead": "no etcd here"}, markdown=True)
        self.assertIn("SKIPPED", lines[-1])
        self.assertIn("no etcd here", lines[-1])
        self.assertNotIn("held", lines[-1])

    def test_every_bar_names_a_kind_that_exists(self):
        made = {"relay returned", "relay returned without directories", "relay thawed", "cable put back",
                "relay undrained", "relay taken away", "relay stopped", bars.HEDGED}
        backs = {f"{name}, back" for name in plan.KINDS}
        self.assertEqual(set(bars.BARS) - set(plan.KINDS) - made - backs, set())
        self.assertEqual({kind for kinds in bars.GROUPS.values() for kind in kinds} - set(bars.BARS), set())


class Schedule(unittest.TestCase):
    def first(self, count, seed):
        order = plan.schedule(list(plan.KINDS), seed)
        return [next(order) for _ in range(count)]

    def test_a_seed_is_an_order(self):
        self.assertEqual(self.first(60, "1"), self.first(60, "1"))
        self.assertNotEqual(self.first(60, "1"), self.first(60, "2"))

    def test_a_short_run_meets_every_kind_before_any_comes_again_and_the_judged_ones_first(self):
        first = self.first(len(plan.KINDS), "1")
        self.assertEqual(set(first), set(plan.KINDS))
        judged = [name in bars.BARS for name in first]
        self.assertEqual(judged, sorted(judged, reverse=True))


class NodeLogsTest(unittest.TestCase):
    def test_the_time_from_the_first_to_the_last_node_that_knows_a_list(self):
        with tempfile.TemporaryDirectory() as folder:
            def write(node, *lines):
                pathlib.Path(folder, f"{node}.log").write_text("".join(
                    f'2026-01-02T03:04:{at:06.3f}+00:00 info event="relay list" node={node} digest={digest:016x}\n'
                    for at, digest in lines))

            write("r1", (1.0, 1), (5.000, 2))
            write("e1", (1.0, 1), (5.020, 3), (5.060, 2))
            logs = node_logs.NodeLogs(pathlib.Path(folder))
            begin = node_logs.seconds_of("2026-01-02T03:04:04.000+00:00")
            first, last = logs.list_known(begin, begin + 10, ["r1", "e1"])
            self.assertAlmostEqual(last - first, 0.060, 3)
            self.assertIsNone(logs.list_known(begin + 2, begin + 10, ["r1", "e1"]))


if __name__ == "__main__":
    unittest.main()
