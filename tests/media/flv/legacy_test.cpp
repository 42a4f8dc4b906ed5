#include "media/flv/legacy.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::media;

namespace {

byte_buffer text(std::string_view t) {
  auto b = as_bytes(t);
  return {b.begin(), b.end()};
}

using namespace std::string_view_literals;

void rewrites(tag_type type, std::string_view from, std::string_view to) {
  byte_buffer scratch = text("old");
  auto got = to_player_form(type, as_bytes(from), scratch);
  REQUIRE(got.has_value());
  CHECK(as_text(*got) == to);
}

void refuses(tag_type type, std::string_view from) {
  byte_buffer scratch;
  auto got = to_player_form(type, as_bytes(from), scratch);
  REQUIRE(got.has_error());
  CHECK(got.error().code == errc::unsupported);
}

constexpr auto audio = tag_type::audio;
constexpr auto video = tag_type::video;

} // namespace

TEST_CASE("extended avc1 packets become legacy AVC packets with their composition time") {
  rewrites(video,
           "\x90"
           "avc1CONF"sv,
           "\x17\0\0\0\0CONF"sv);
  rewrites(video,
           "\x91"
           "avc1\0\0\x42NAL"sv,
           "\x17\1\0\0\x42NAL"sv);
  rewrites(video,
           "\xa3"
           "avc1NAL"sv,
           "\x27\1\0\0\0NAL"sv);
  rewrites(video,
           "\x92"
           "avc1"sv,
           "\x17\2\0\0\0"sv);
  refuses(video, "\x94"
                 "avc1x"sv);
}

TEST_CASE("extended mp4a packets become legacy AAC packets") {
  rewrites(audio, "\x90mp4aCONF"sv, "\xaf\0CONF"sv);
  rewrites(audio, "\x91mp4aAAC"sv,
           "\xaf\1"
           "AAC"sv);
  refuses(audio, "\x92mp4a"sv);
}

TEST_CASE("legacy packets, script data and other extended codecs pass through untouched") {
  for (auto data : {"\x17\1\0\0\0N"sv, "\x91hvc1\0\0\0N"sv,
                    "\x93"
                    "av01OBU"sv,
                    ""sv}) {
    byte_buffer scratch;
    auto got = to_player_form(video, as_bytes(data), scratch);
    REQUIRE(got.has_value());
    CHECK(got->data() == as_bytes(data).data());
    CHECK(got->size() == data.size());
  }
  rewrites(audio, "\x91OpusX"sv, "\x91OpusX"sv);
  rewrites(tag_type::script, "\x91"sv, "\x91"sv);
}

TEST_CASE("a lone first track and a ModEx prologue are unwrapped") {
  rewrites(video,
           "\x96\x01"
           "av01\0OBU"sv,
           "\x91"
           "av01OBU"sv);
  rewrites(audio, "\x95\x00Opus\0HEAD"sv, "\x90OpusHEAD"sv);
  rewrites(video, "\x97\x02\1\2\3\x01hvc1\0\0\0N"sv, "\x91hvc1\0\0\0N"sv);
  rewrites(video,
           "\x96\x03"
           "avc1\0NAL"sv,
           "\x17\1\0\0\0NAL"sv);
}

TEST_CASE("several tracks, other tracks and broken extended headers are unsupported") {
  refuses(video, "\x96\x01"
                 "av01\1OBU"sv);
  refuses(video, "\x96\x11"
                 "av01\0\0\0\3OBU"sv);
  refuses(video, "\x91hv"sv);
  refuses(video, "\xd1\0"sv);
}
