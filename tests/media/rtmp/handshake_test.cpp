#include "media/rtmp/handshake.hpp"
#include "media/rtmp/rtmp_client.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;

namespace {

handshake_packet packet_at(byte_view bytes, std::size_t offset) {
  handshake_packet packet{};
  REQUIRE(bytes.size() >= offset + packet.size());
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), packet.size(), packet.begin());
  return packet;
}

std::string failure(byte_view bytes) {
  server_handshake handshake(1);
  byte_buffer out;
  auto fed = handshake.feed(bytes, out);
  REQUIRE(fed.has_error());
  CHECK(out.empty());
  return fed.error().message;
}

} // namespace

TEST_CASE("the plain handshake is answered with C1's echo") {
  rtmp_client client;
  client.handshake();
  auto sent = client.take();
  sent.push_back(0x42);
  server_handshake handshake(1);
  byte_buffer out;
  byte_view in(sent);
  REQUIRE(handshake.feed(in, out).has_value());
  CHECK(handshake.done());
  CHECK_FALSE(handshake.with_digest());
  REQUIRE(in.size() == 1);
  CHECK(in[0] == 0x42);
  REQUIRE(out.size() == 1 + 2 * handshake_packet_size);
  CHECK(out[0] == 3);
  CHECK(packet_at(out, 1 + handshake_packet_size) == packet_at(sent, 1));
}

TEST_CASE("a handshake cut at any byte gives the same answer, and S1 only once C1 is whole") {
  rtmp_client client;
  client.handshake();
  auto sent = client.take();
  server_handshake handshake(1);
  byte_buffer out;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    byte_view in = byte_view(sent).subspan(i, 1);
    REQUIRE(handshake.feed(in, out).has_value());
    CHECK(in.empty());
    CHECK(out.empty() == (i < handshake_packet_size));
    CHECK(handshake.done() == (i + 1 == sent.size()));
  }
}

TEST_CASE("a client's digest, in either place, is answered with the server's in the same place") {
  for (auto schema : {digest_schema::at_772, digest_schema::at_8}) {
    rtmp_client client;
    client.digest_handshake(schema);
    auto sent = client.take();
    server_handshake handshake(99);
    byte_buffer out;
    byte_view in(sent);
    REQUIRE(handshake.feed(in, out).has_value());
    CHECK(handshake.done());
    CHECK(handshake.with_digest());
    CHECK(valid_s1(packet_at(out, 1), schema));
    auto s2 = packet_at(out, 1 + handshake_packet_size);
    auto signed_again = s2;
    sign_s2(signed_again, find_client_digest(packet_at(sent, 1))->digest);
    CHECK(signed_again == s2);
  }
}

TEST_CASE("a C1 with a version but a wrong digest is echoed") {
  rtmp_client client;
  client.digest_handshake(digest_schema::at_8);
  auto sent = client.take();
  sent[1000] ^= 1;
  server_handshake handshake(1);
  byte_buffer out;
  byte_view in(sent);
  REQUIRE(handshake.feed(in, out).has_value());
  CHECK_FALSE(handshake.with_digest());
  CHECK(packet_at(out, 1 + handshake_packet_size) == packet_at(sent, 1));
}

TEST_CASE("what does not start with version 3 is refused at its first byte and named") {
  CHECK(failure(bytes_of("GET / HTTP/1.1\r\n\r\n")).find("HTTP") != std::string::npos);
  CHECK(failure(bytes_of("P")).find("HTTP") != std::string::npos);
  CHECK(failure(byte_buffer{0x16, 3, 1}).find("TLS") != std::string::npos);
  CHECK(failure(byte_buffer{0x06}).find("rtmpe") != std::string::npos);
  CHECK(failure(byte_buffer{0x00}).find("0x00; 0x03 expected") != std::string::npos);
}
