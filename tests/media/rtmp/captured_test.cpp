#include "media/rtmp/session_fixture.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

using namespace sluice;
using namespace sluice::test;

namespace {

/// The start of what a real encoder sent, behind the four bytes that steer the fuzzer.
byte_buffer captured(const std::string& name) {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/fuzz/corpus/rtmp_session/" + name, std::ios::binary);
  byte_buffer bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  REQUIRE(bytes.size() > 4);
  bytes.erase(bytes.begin(), bytes.begin() + 4);
  return bytes;
}

} // namespace

TEST_CASE("what ffmpeg, rtmp2sink and librtmp really send publishes live/room1") {
  for (auto name : {"ffmpeg", "rtmp2sink", "rtmpsink"}) {
    CAPTURE(name);
    publishing p;
    p.client.handshake();
    REQUIRE(p.flush().has_value());
    REQUIRE(p.feed(captured(name)).has_value());
    REQUIRE(p.events.size() == 1);
    CHECK(p.events[0].starts_with("publish live/room1 ?"));
    REQUIRE_FALSE(p.tags.empty());
    CHECK(p.tags[0].type == tag_type::script);
    CHECK(as_text(p.tags[0].data).substr(3, 10) == "onMetaData");
    CHECK_FALSE(p.answer("_error"));
  }
}

TEST_CASE("ffmpeg's own handshake carries a digest and is answered with one") {
  auto bytes = captured("digest_handshake");
  server_handshake handshake(1);
  byte_buffer out;
  byte_view in(bytes);
  REQUIRE(handshake.feed(in, out).has_value());
  CHECK(handshake.done());
  CHECK(handshake.with_digest());
  CHECK(out.size() == 1 + 2 * handshake_packet_size);
}
