#include "actors/basp_header.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::actors;

namespace {

byte_buffer packet(basp_operation operation, std::uint32_t payload, std::uint64_t data, std::uint64_t source,
                   std::uint64_t destination, std::uint8_t flags = 0) {
  byte_buffer bytes;
  byte_writer out(bytes);
  out.u8(static_cast<std::uint8_t>(operation));
  out.u16(0);
  out.u8(flags);
  out.u32(payload);
  out.u64(data);
  out.u64(source);
  out.u64(destination);
  return bytes;
}

void append(byte_buffer& to, const byte_buffer& piece, std::size_t payload) {
  to.insert(to.end(), piece.begin(), piece.end());
  to.insert(to.end(), payload, 0xab);
}

// What a well-behaved client sends: handshake, monitor, a message, a heartbeat, a down message.
byte_buffer conversation() {
  byte_buffer bytes;
  append(bytes, packet(basp_operation::client_handshake, 5, 0, 0, 0), 5);
  append(bytes, packet(basp_operation::client_handshake, 5, 0, 0, 0, 0x02), 5);
  append(bytes, packet(basp_operation::monitor_message, 7, 0, 0, 12), 7);
  append(bytes, packet(basp_operation::direct_message, 300, 1ull << 63, 4, 12), 300);
  append(bytes, packet(basp_operation::heartbeat, 0, 0, 0, 0), 0);
  append(bytes, packet(basp_operation::down_message, 9, 0, 4, 0), 9);
  return bytes;
}

errc refusal(const byte_buffer& bytes, basp_sender sender = basp_sender::client, bool greeted = true) {
  basp_filter filter(sender);
  if (greeted) {
    byte_buffer hello;
    append(hello,
           sender == basp_sender::client ? packet(basp_operation::client_handshake, 1, 0, 0, 0)
                                         : packet(basp_operation::server_handshake, 1, basp_version, 0, 0),
           1);
    REQUIRE(filter.check(hello).has_value());
  }
  auto verdict = filter.check(bytes);
  return verdict ? errc{} : verdict.error().code;
}

} // namespace

TEST_CASE("a conversation passes however it is chopped") {
  auto bytes = conversation();
  for (std::size_t step : {1u, 2u, 31u, 32u, 33u, 41u, 1000u}) {
    basp_filter filter(basp_sender::client);
    for (std::size_t at = 0; at < bytes.size(); at += step)
      REQUIRE(filter.check(byte_view(bytes).subspan(at, std::min(step, bytes.size() - at))).has_value());
  }
}

TEST_CASE("a header at fault is refused with the byte that completes it, and everything after it") {
  auto good = conversation();
  auto bytes = good;
  append(bytes, packet(basp_operation::client_handshake, 0, 0, 0, 0), 0);
  append(bytes, packet(basp_operation::heartbeat, 0, 0, 0, 0), 0);
  for (std::size_t step : {1u, 7u, 32u, 1000u}) {
    CAPTURE(step);
    basp_filter filter(basp_sender::client);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      auto piece = byte_view(bytes).subspan(at, std::min(step, bytes.size() - at));
      CHECK(filter.check(piece).has_value() == (at + piece.size() < good.size() + basp_header_size));
    }
  }
}

TEST_CASE("the packets that kill CAF are refused") {
  CHECK(refusal(packet(basp_operation::client_handshake, 0, 0, 0, 0), basp_sender::client, false) ==
        errc::malformed);
  CHECK(refusal(packet(basp_operation::client_handshake, 0xFFFFFFF0, 0, 0, 0), basp_sender::client, false) ==
        errc::too_large);
  CHECK(refusal(packet(basp_operation::direct_message, 0xFFFFFFF0, 0, 1, 1)) == errc::too_large);
  CHECK(refusal(packet(basp_operation::server_handshake, 0, basp_version, 0, 0), basp_sender::server,
                false) == errc::malformed);
}

TEST_CASE("a client selects the connection once, after it greeted") {
  auto selecting = packet(basp_operation::client_handshake, 1, 0, 0, 0, 0x02);
  selecting.push_back(0);
  CHECK(refusal(selecting, basp_sender::client, false) == errc::malformed);
  basp_filter filter(basp_sender::client);
  REQUIRE(filter.check(conversation()).has_value());
  CHECK(!filter.check(selecting).has_value());
  CHECK(refusal(selecting, basp_sender::server) == errc::malformed);
}

TEST_CASE("nothing passes before the handshake, and no second one") {
  for (auto operation :
       {basp_operation::server_handshake, basp_operation::direct_message, basp_operation::monitor_message,
        basp_operation::down_message, basp_operation::heartbeat}) {
    CAPTURE(static_cast<int>(operation));
    CHECK(refusal(packet(operation, 1, 0, 1, 1), basp_sender::client, false) == errc::malformed);
  }
  CHECK(refusal(packet(basp_operation::client_handshake, 1, 0, 0, 0)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::server_handshake, 1, basp_version, 0, 0), basp_sender::server) ==
        errc::malformed);
  CHECK(refusal(packet(basp_operation::client_handshake, 1, 0, 0, 0), basp_sender::server, false) ==
        errc::malformed);
}

TEST_CASE("a header with a field out of place is refused") {
  CHECK(refusal(packet(static_cast<basp_operation>(7), 1, 0, 1, 1)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::routed_message, 1, 0, 1, 1)) == errc::unsupported);
  CHECK(refusal(packet(basp_operation::direct_message, 1, 0, 1, 0)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::direct_message, 0, 0, 1, 1)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::direct_message, 1, 0, 1, 1, 0x80)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::direct_message, 1, 0, 1, 77, 0x01)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::monitor_message, 1, 0, 1, 1)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::monitor_message, 1, 9, 0, 1)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::down_message, 1, 0, 0, 0)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::down_message, 1, 0, 1, 1)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::heartbeat, 1, 0, 0, 0)) == errc::malformed);
  CHECK(refusal(packet(basp_operation::direct_message, max_basp_payload + 1, 0, 1, 1)) == errc::too_large);
  CHECK(refusal(packet(basp_operation::server_handshake, 1, basp_version + 1, 0, 0), basp_sender::server,
                false) == errc::malformed);
  auto padded = packet(basp_operation::heartbeat, 0, 0, 0, 0);
  padded[2] = 1;
  CHECK(refusal(padded) == errc::malformed);
}
