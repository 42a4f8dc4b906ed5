#include "harness.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::media;
using namespace sluice::media::testing;

TEST_CASE("a log begins with metadata, video header and audio header, whatever order they came in") {
  bench b(70);
  CHECK(b.audio(0, aac_header) == ok);
  CHECK(b.audio(900, aac_frame) == ok);
  CHECK(!b.in.decided());
  CHECK(b.in.output().empty());
  CHECK(b.script(metadata) == ok);
  CHECK(b.video(0, avc_header) == ok);
  CHECK(b.in.decided());
  CHECK(b.video(910, avc_key) == ok);
  CHECK(b.written() == lines{"70 metadata", "70 avc1 header", "70 mp4a header", "70 mp4a", "80 avc1 key"});
  CHECK(b.in.newest_timestamp() == 80);
}

TEST_CASE("held frames of two tracks keep their distance, the lowest at the log's start") {
  bench b;
  b.video(0, avc_header);
  b.video(1000, avc_key);
  b.video(1040, avc_frame);
  b.audio(990, mp3_frame);
  CHECK(b.written() == lines{"0 avc1 header", "10 avc1 key", "50 avc1", "0 .mp3"});
  CHECK(b.in.summary().counters.discontinuities == 0);
}

TEST_CASE("a log of video alone is decided when its wait is over") {
  bench b;
  b.video(0, avc_header);
  b.video(0, avc_key);
  CHECK(b.in.deadline() == at(500));
  CHECK(b.wait(499) == ok);
  CHECK(!b.in.decided());
  CHECK(b.wait(1) == ok);
  CHECK(b.in.decided());
  CHECK(b.in.has_video());
  CHECK(!b.in.has_audio());
  CHECK(!b.in.deadline().has_value());
  CHECK(b.written() == lines{"0 avc1 header", "0 avc1 key"});
}

TEST_CASE("a log of audio alone is decided by the first packet after its wait") {
  bench b;
  b.audio(0, aac_header);
  b.now = 600;
  b.audio(20, aac_frame);
  CHECK(b.in.has_audio());
  CHECK(!b.in.has_video());
  CHECK(b.written() == lines{"0 mp4a header", "0 mp4a"});
}

TEST_CASE("a second track that comes late but before the decision is in the log") {
  bench b;
  b.video(0, avc_header);
  b.now = 700;
  b.audio(0, aac_header);
  CHECK(b.in.has_audio());
  CHECK(b.in.has_video());
}

TEST_CASE("nothing is decided without a track") {
  bench b;
  b.script(metadata);
  b.video(0, avc_key);
  b.audio(0, aac_frame);
  CHECK(b.wait(10'000) == ok);
  CHECK(!b.in.decided());
  CHECK(!b.in.deadline().has_value());
  CHECK(b.in.summary().counters.without_header == 2);
}

TEST_CASE("held bytes above the limit decide the tracks early") {
  intake_options options;
  options.max_held = 2000;
  bench b(0, options);
  b.video(0, avc_header);
  for (std::uint32_t i = 0; i < 40 && !b.in.decided(); ++i)
    b.video(40 * i, avc_frame);
  CHECK(b.in.decided());
  CHECK(!b.in.has_audio());
}

TEST_CASE("frames before their codec's sequence header are dropped and counted") {
  bench b;
  b.video(0, avc_key);
  b.audio(0, aac_frame);
  b.video(0, avc_header);
  b.audio(0, aac_header);
  CHECK(b.written() == lines{"0 avc1 header", "0 mp4a header"});
  CHECK(b.in.summary().counters.without_header == 2);
}

TEST_CASE("a codec without sequence headers is decided by its first frame") {
  bench b;
  b.video(0, avc_header);
  b.audio(0, mp3_frame);
  CHECK(b.written() == lines{"0 avc1 header", "0 .mp3"});
  CHECK(b.in.codec(track::audio) == make_fourcc(".mp3"));
}

TEST_CASE("a changed sequence header of the same codec stays in the log; repeats are dropped") {
  bench b;
  b.start_both();
  b.script(metadata);
  b.script(metadata);
  CHECK(b.video(40, avc_header) == ok);
  CHECK(b.video(40, avc_header_2) == ok);
  CHECK(b.video(40, avc_key) == ok);
  CHECK(b.audio(40, aac_header) == ok);
  CHECK(b.written() == lines{"0 metadata", "0 avc1 header", "40 avc1 key"});
  CHECK(b.in.summary().counters.repeated == 3);
}

TEST_CASE("a header that changes while frames are held stays between them") {
  bench b;
  b.video(0, avc_header);
  b.video(0, avc_key);
  b.video(40, avc_header_2);
  b.video(40, avc_key);
  b.wait(500);
  CHECK(b.written() == lines{"0 avc1 header", "0 avc1 key", "0 avc1 header", "40 avc1 key"});
}

TEST_CASE("a header that changes before any frame replaces the first") {
  bench b;
  b.video(0, avc_header);
  b.video(0, avc_header_2);
  b.audio(0, aac_header);
  auto log = as_text(b.in.output());
  CHECK(log.find("CONF-A") == log.npos);
  CHECK(log.find("CONF-B") != log.npos);
}

TEST_CASE("a codec that changes while undecided replaces the track and its held frames") {
  bench b;
  b.video(0, avc_header);
  b.video(0, avc_key);
  b.video(0, hevc_header);
  b.video(10, hevc_key);
  b.wait(500);
  CHECK(b.written() == lines{"0 hvc1 header", "0 hvc1 key"});
  CHECK(b.in.summary().counters.discarded == 1);
}

TEST_CASE("a tag that cannot be carried is refused and leaves the intake as it was") {
  intake_options options;
  options.max_tag_data = 100;
  intake in(options, 0);
  std::string large(101, 'x');
  auto code = [&](tag_type type, std::string_view data) {
    return in.push(type, 0, as_bytes(data), at(0)).error().code;
  };
  CHECK(code(tag_type::video, large) == errc::too_large);
  CHECK(code(tag_type::video, "") == errc::malformed);
  CHECK(code(tag_type::video, "\x17\0\0\0\0"sv) == errc::malformed);
  CHECK(code(tag_type::audio, "\xaf\0"sv) == errc::malformed);
  CHECK(code(tag_type::audio, "\xdf\1\2\3"sv) == errc::unsupported);
  CHECK(code(tag_type::video, "\x96\x11"
                              "av01\0\0\0\3OBU"sv) == errc::unsupported);
  CHECK(in.summary().counters.refused == 6);
  CHECK(!in.decided());
}

TEST_CASE("a packet cut at any byte is refused or carried, never read past its end") {
  for (auto whole : {avc_header, avc_key, hevc_header, hevc_key, aac_header, metadata}) {
    for (std::size_t n = 0; n <= whole.size(); ++n) {
      intake in(intake_options{}, 0);
      byte_buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
      (void)in.push(tag_type::video, 0, cut, at(0));
      (void)in.push(tag_type::audio, 0, cut, at(0));
      (void)in.push(tag_type::script, 0, cut, at(0));
      in.tick(at(1000));
      CHECK_NOTHROW(tags(in.output()));
    }
  }
}

TEST_CASE("extended avc1 and mp4a packets reach the log in the legacy form") {
  bench b;
  b.video(0, "\x90"
             "avc1CONF-A"sv);
  b.audio(0, "\x90mp4a\x12\x10"sv);
  b.video(5, "\x91"
             "avc1\0\0\7KEY"sv);
  auto log = as_text(b.in.output());
  CHECK(log.find(avc_header) != log.npos);
  CHECK(log.find(aac_header) != log.npos);
  CHECK(log.find("\x17\1\0\0\7KEY"sv) != log.npos);
  CHECK(log.find("avc1") == log.npos);
}

TEST_CASE("timestamps that jump stay in the log and move on by the time that passed") {
  bench b;
  b.start_both();
  b.now = 40;
  CHECK(b.video(500'000, avc_frame) == ok);
  b.now = 80;
  CHECK(b.video(3, avc_frame) == ok);
  CHECK(b.audio(5, aac_frame) == ok);
  CHECK(b.written() == lines{"40 avc1", "80 avc1", "82 mp4a"});
  CHECK(b.in.summary().counters.discontinuities == 2);
}

TEST_CASE("composition times and other bytes of a frame pass unchanged") {
  bench b;
  b.start_both();
  b.video(40, avc_frame);
  auto log = b.in.output();
  CHECK(as_text(log.subspan(tag_header_size, avc_frame.size())) == avc_frame);
}

TEST_CASE("script data other than metadata is carried once the tracks are decided") {
  bench b;
  b.script("\2\0\7onCueP1"sv);
  b.start_both();
  b.script("\2\0\7onCueP2"sv);
  CHECK(b.written() == lines{"0 other"});
  CHECK(b.in.summary().counters.discarded == 1);
}

TEST_CASE("metadata sent by @setDataFrame reaches the log without it, and fills the summary") {
  byte_buffer data;
  byte_writer out(data);
  auto string = [&](std::string_view text) {
    out.u16(text.size());
    out.text(text);
  };
  out.u8(2);
  string("@setDataFrame");
  out.u8(2);
  string("onMetaData");
  out.u8(8);
  out.u32(3);
  string("encoder");
  out.u8(2);
  string("test");
  string("width");
  out.u8(0);
  out.u64(0x4094000000000000); // 1280
  string("height");
  out.u8(0);
  out.u64(0x4086800000000000); // 720
  string("framerate");
  out.u8(0);
  out.u64(0x403e000000000000); // 30
  string("");
  out.u8(9);

  bench b;
  b.script(as_text(data));
  b.start_both();
  auto all = b.in.summary();
  CHECK(all.picture.width == 1280);
  CHECK(all.picture.height == 720);
  CHECK(all.picture.framerate == 30.0);
  CHECK(all.audio_codec == "mp4a");
  CHECK(all.video_codec == "avc1");
  CHECK(all.tags == 4);
  byte_view plain = byte_view(data).subspan(16);
  CHECK(all.bytes ==
        plain.size() + avc_header.size() + aac_header.size() + avc_key.size() + 4 * tag_overhead);
  for (std::size_t n = 0; n < plain.size(); ++n) {
    byte_buffer cut(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(read_picture_hints(cut).framerate == (n + 3 >= plain.size() ? 30.0 : 0.0));
  }
}

TEST_CASE("packets that are neither frame nor header do not reach players, and are counted") {
  constexpr auto av1_header = "\x90"
                              "av01CONF"sv;
  constexpr auto av1_metadata = "\x94"
                                "av01colorInfo"sv;
  constexpr auto av1_end = "\x92"
                           "av01E"sv;
  constexpr auto av1_key = "\x91"
                           "av01KEY"sv;
  bench b;
  b.video(0, av1_header);
  b.video(0, av1_metadata);
  b.video(0, av1_key);
  b.wait(500);
  b.video(40, av1_metadata);
  b.video(40, av1_end);
  CHECK(b.written() == lines{"0 av01 header", "0 av01 key"});
  CHECK(b.in.summary().counters.discarded == 3);
}

TEST_CASE("a command frame, whose bytes look like a sequence header, does not reach players") {
  bench b;
  b.video(0, avc_header);
  b.video(0, avc_key);
  b.wait(500);
  b.video(40, "\x57\0"sv);
  CHECK(b.written() == lines{"0 avc1 header", "0 avc1 key"});
}

TEST_CASE("headers that nodes could not tell each other are refused, and the stream goes on without") {
  bench b;
  byte_buffer index(metadata.begin(), metadata.end());
  index.resize(max_header_data + 1, 9);
  CHECK(b.in.push(tag_type::script, 0, index, at(0)).error().code == errc::too_large);
  CHECK(b.in.push(tag_type::script, 0, byte_view(index).first(max_header_data), at(0)).has_value());
  byte_buffer sets(avc_header.begin(), avc_header.end());
  sets.resize(max_header_data + 1, 9);
  CHECK(b.in.push(tag_type::video, 0, sets, at(0)).error().message ==
        "sequence header: 49153 bytes; at most 49152");
  CHECK(b.in.summary().counters.refused == 2);
  b.video(0, avc_header);
  CHECK(b.video(0, avc_key) == ok);
}
