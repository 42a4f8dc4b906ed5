#include "media/flv/payload.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace sluice;
using namespace sluice::media;

namespace {

byte_buffer bytes(std::initializer_list<int> values) {
  byte_buffer out;
  for (int v : values)
    out.push_back(static_cast<std::uint8_t>(v));
  return out;
}

byte_buffer ex(std::initializer_list<int> lead, std::string_view codec, std::initializer_list<int> body) {
  auto out = bytes(lead);
  byte_writer(out).text(codec);
  byte_writer(out).bytes(bytes(body));
  return out;
}

void check(tag_type type, byte_view data, payload_kind kind, std::string_view codec) {
  auto info = classify(type, data);
  CHECK(info.kind == kind);
  CHECK(fourcc_text(info.codec) == codec);
}

constexpr auto audio = tag_type::audio;
constexpr auto video = tag_type::video;

} // namespace

TEST_CASE("legacy AVC and HEVC tags are told apart by packet and frame type") {
  check(video, bytes({0x17, 0, 0, 0, 0, 1}), payload_kind::video_header, "avc1");
  check(video, bytes({0x17, 1, 0, 0, 0, 1}), payload_kind::video_key, "avc1");
  check(video, bytes({0x27, 1, 0, 0, 0, 1}), payload_kind::video_frame, "avc1");
  check(video, bytes({0x37, 1, 0, 0, 0, 1}), payload_kind::video_frame, "avc1");
  check(video, bytes({0x47, 1, 0, 0, 0, 1}), payload_kind::video_key, "avc1");
  check(video, bytes({0x17, 2, 0, 0, 0}), payload_kind::other, "avc1");
  check(video, bytes({0x57, 0}), payload_kind::other, "avc1");
  check(video, bytes({0x1c, 0, 0, 0, 0, 1}), payload_kind::video_header, "hvc1");
  check(video, bytes({0x1c, 1, 0, 0, 0, 1}), payload_kind::video_key, "hvc1");
  check(video, bytes({0x12, 9}), payload_kind::video_key, "FLV1");
  check(video, bytes({0x1f, 9}), payload_kind::other, "");
}

TEST_CASE("legacy audio tags carry a header only in AAC") {
  check(audio, bytes({0xaf, 0, 0x12, 0x10}), payload_kind::audio_header, "mp4a");
  check(audio, bytes({0xaf, 1, 0x21}), payload_kind::audio_frame, "mp4a");
  check(audio, bytes({0xaf, 7}), payload_kind::other, "mp4a");
  check(audio, bytes({0x2f, 0xff}), payload_kind::audio_frame, ".mp3");
  check(audio, bytes({0xef, 0xff}), payload_kind::audio_frame, ".mp3");
  check(audio, bytes({0xf0}), payload_kind::other, "");
}

TEST_CASE("extended video headers are classified by packet type") {
  check(video, ex({0x90}, "hvc1", {1}), payload_kind::video_header, "hvc1");
  check(video, ex({0x91}, "hvc1", {0, 0, 0, 1}), payload_kind::video_key, "hvc1");
  check(video, ex({0xa3}, "av01", {1}), payload_kind::video_frame, "av01");
  check(video, ex({0x93}, "av01", {1}), payload_kind::video_key, "av01");
  check(video, ex({0x92}, "av01", {}), payload_kind::other, "av01");
  check(video, ex({0x94}, "hvc1", {2}), payload_kind::other, "hvc1");
  check(video, ex({0x95}, "av01", {2}), payload_kind::video_header, "av01");
  check(video, bytes({0xd1, 0}), payload_kind::other, "");
}

TEST_CASE("extended audio headers are classified by packet type") {
  check(audio, ex({0x90}, "Opus", {1}), payload_kind::audio_header, "Opus");
  check(audio, ex({0x91}, "Opus", {1}), payload_kind::audio_frame, "Opus");
  check(audio, ex({0x92}, "Opus", {}), payload_kind::other, "Opus");
  check(audio, ex({0x94}, "Opus", {1}), payload_kind::other, "Opus");
}

TEST_CASE("multitrack and ModEx prologues are read through to the first track") {
  check(video, ex({0x96, 0x00}, "av01", {0, 9}), payload_kind::video_header, "av01");
  check(video, ex({0x96, 0x11}, "av01", {0, 0, 0, 1, 9}), payload_kind::video_key, "av01");
  check(audio, ex({0x95, 0x01}, "Opus", {0, 9}), payload_kind::audio_frame, "Opus");
  check(video, ex({0x97, 2, 1, 2, 3, 0x01}, "hvc1", {0, 0, 0}), payload_kind::video_key, "hvc1");
  check(video, ex({0x96, 0x06}, "av01", {0, 9}), payload_kind::other, "");
  check(video, ex({0x96, 0x31}, "av01", {0, 9}), payload_kind::other, "");
}

TEST_CASE("a ModEx prologue beyond the bytes looked at is not followed, however much is given") {
  byte_buffer data = bytes({0x97, 200});
  data.resize(data.size() + 201);
  data.push_back(0x01);
  byte_writer(data).text("hvc1");
  data.resize(data.size() + 8);
  check(video, data, payload_kind::other, "");
}

TEST_CASE("only onMetaData is metadata among script data") {
  byte_buffer data;
  byte_writer out(data);
  out.u8(2);
  out.u16(10);
  out.text("onMetaData");
  check(tag_type::script, data, payload_kind::metadata, "");
  data.back() = 'b';
  check(tag_type::script, data, payload_kind::other, "");
}

TEST_CASE("data cut short anywhere is classified without reading past its end") {
  auto whole = ex({0x97, 2, 1, 2, 3, 0x06, 0x11}, "hvc1", {0, 0, 0, 4, 1, 2, 3});
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    byte_buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    auto info = classify(video, cut);
    CHECK((info.kind == payload_kind::other || info.kind == payload_kind::video_key));
  }
}

TEST_CASE("unprintable codec bytes are shown as question marks") {
  CHECK(fourcc_text(make_fourcc(".mp3")) == ".mp3");
  CHECK(fourcc_text(0x61000162) == "a??b");
  CHECK(fourcc_text(0).empty());
}
