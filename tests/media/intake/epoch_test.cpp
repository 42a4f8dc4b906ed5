#include "harness.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::media;
using namespace sluice::media::testing;

namespace {

void start_video_alone(bench& b) {
  b.video(0, avc_header);
  b.video(0, avc_key);
  b.wait(500);
  b.written();
}

} // namespace

TEST_CASE("a track that appears after the decision ends the log; the next has both tracks") {
  bench b;
  start_video_alone(b);
  CHECK(b.audio(510, aac_frame) == ok);
  CHECK(b.audio(510, aac_header) == changed);
  CHECK(b.in.output().empty());
  b.succeed(501);
  CHECK(b.in.decided());
  CHECK(b.written() == lines{"501 avc1 header", "501 mp4a header"});
  CHECK(b.video(520, avc_key) == ok);
  CHECK(b.written() == lines{"501 avc1 key"});
}

TEST_CASE("a late track without sequence headers ends the log, and its frame is in the next") {
  bench b;
  start_video_alone(b);
  CHECK(b.audio(510, mp3_frame) == changed);
  b.succeed(0);
  CHECK(b.written() == lines{"0 avc1 header", "0 .mp3"});
}

TEST_CASE("another codec ends the log; frames pushed meanwhile are in the next") {
  bench b;
  b.start_both();
  CHECK(b.video(40, hevc_key) == ok);
  CHECK(b.in.summary().counters.without_header == 1);
  CHECK(b.video(40, hevc_header) == changed);
  CHECK(b.video(40, hevc_key) == changed);
  CHECK(b.wait(10) == changed);
  b.succeed(1);
  CHECK(b.written() == lines{"1 hvc1 header", "1 mp4a header", "1 hvc1 key"});
  CHECK(b.in.codec(track::video) == make_fourcc("hvc1"));
  CHECK(b.wait(0) == ok);
}

TEST_CASE("packets pushed after the log's end are bounded") {
  intake_options options;
  options.max_held = 1000;
  bench b(0, options);
  b.start_both();
  CHECK(b.video(40, hevc_header) == changed);
  for (std::uint32_t i = 0; i < 100; ++i)
    CHECK(b.video(40 * i, hevc_key) == changed);
  CHECK(b.in.summary().counters.discarded > 80);
}

TEST_CASE("a returning publisher with the same tracks and codecs continues the log after its absence") {
  bench b;
  b.start_both();
  b.now = 40;
  b.video(40, avc_frame);
  b.written();
  b.in.publisher_left();
  b.now = 3040;
  CHECK(b.video(0, avc_header) == ok);
  CHECK(b.video(90'000, avc_key) == ok);
  CHECK(b.in.output().empty());
  CHECK(b.in.decided());
  CHECK(b.audio(0, aac_header) == ok);
  CHECK(b.audio(90'010, aac_frame) == ok);
  CHECK(b.written() == lines{"3040 avc1 key", "3050 mp4a"});
  CHECK(b.in.summary().counters.discontinuities == 0);
}

TEST_CASE("a returning publisher's new headers come before its frames") {
  bench b;
  b.start_both();
  b.in.publisher_left();
  b.now = 1000;
  b.script(metadata);
  b.video(0, avc_header_2);
  b.video(0, avc_key);
  b.audio(0, aac_header);
  CHECK(b.written() == lines{"0 metadata", "0 avc1 header", "1000 avc1 key"});
}

TEST_CASE("a returning publisher with another codec ends the log") {
  bench b;
  b.start_both();
  b.in.publisher_left();
  b.now = 1000;
  CHECK(b.video(0, hevc_header) == ok);
  CHECK(b.video(0, hevc_key) == ok);
  CHECK(b.audio(0, aac_header) == changed);
  CHECK(b.in.output().empty());
  b.succeed(1);
  CHECK(b.written() == lines{"1 hvc1 header", "1 mp4a header", "1 hvc1 key"});
}

TEST_CASE("a returning publisher that lacks a track ends the log when its wait is over") {
  bench b;
  b.start_both();
  b.in.publisher_left();
  b.now = 1000;
  CHECK(b.video(0, avc_header) == ok);
  CHECK(b.video(0, avc_key) == ok);
  CHECK(b.wait(500) == changed);
  b.succeed(1);
  CHECK(b.wait(0) == ok);
  CHECK(!b.in.has_audio());
  CHECK(b.written() == lines{"1 avc1 header", "1 avc1 key"});
}

TEST_CASE("a publisher that leaves undecided leaves nothing in the log") {
  bench b;
  b.video(0, avc_header);
  b.video(0, avc_key);
  b.in.publisher_left();
  CHECK(b.wait(1000) == ok);
  CHECK(!b.in.decided());
  b.audio(0, aac_header);
  b.wait(500);
  CHECK(!b.in.has_video());
  CHECK(b.written() == lines{"0 mp4a header"});
  CHECK(b.in.summary().counters.discarded == 1);
}

TEST_CASE("a publisher that leaves after the log's end takes its tracks along") {
  bench b;
  b.start_both();
  CHECK(b.video(40, hevc_header) == changed);
  b.in.publisher_left();
  CHECK(b.script(metadata) == changed);
  b.succeed(1);
  CHECK(b.wait(1000) == ok);
  CHECK(!b.in.decided());
  CHECK(b.in.output().empty());
  b.audio(0, aac_header);
  CHECK(b.wait(500) == ok);
  CHECK(!b.in.has_video());
  CHECK(b.written() == lines{"1 metadata", "1 mp4a header"});
}

TEST_CASE("a log near the end of timestamps rolls over, and the next has the frame that did not fit") {
  bench b(last_log_timestamp - 10);
  b.start_both();
  CHECK(b.video(10, avc_frame) == ok);
  CHECK(b.video(50, avc_key) == rollover);
  CHECK(b.audio(55, aac_frame) == rollover);
  CHECK(b.in.newest_timestamp() == last_log_timestamp);
  b.succeed(0);
  CHECK(b.written() == lines{"0 avc1 header", "0 mp4a header", "0 avc1 key", "5 mp4a"});
}

TEST_CASE("a log that rolls over while held frames are written loses none of them") {
  bench b(last_log_timestamp - 10);
  b.video(0, avc_header);
  b.video(0, avc_key);
  b.video(40, avc_frame);
  b.video(80, avc_frame);
  CHECK(b.audio(0, aac_header) == rollover);
  CHECK(b.written().back() == std::to_string(last_log_timestamp - 10) + " avc1 key");
  b.succeed(0);
  CHECK(b.written() == lines{"0 avc1 header", "0 mp4a header", "0 avc1", "40 avc1"});
}
