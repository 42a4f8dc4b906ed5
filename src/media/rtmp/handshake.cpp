#include "media/rtmp/handshake.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::media::rtmp {

namespace {

constexpr std::uint8_t rtmp_version = 3;
constexpr std::uint8_t encrypted_version = 6;
constexpr std::uint8_t tls_handshake_record = 0x16;
/// What FMS 4.5 says of itself in S1; clients look only whether it is zero.
constexpr std::array<std::uint8_t, 4> server_version{4, 5, 0, 1};

std::string_view what_it_looks_like(std::uint8_t first) noexcept {
  if (first == tls_handshake_record) return "; this looks like TLS (rtmps), this port speaks plain rtmp";
  if (first == encrypted_version) return "; encrypted RTMP (rtmpe) is not supported";
  if (std::string_view("GPHODCT").find(static_cast<char>(first)) != std::string_view::npos)
    return "; this looks like an HTTP request, this port speaks rtmp";
  return "";
}

} // namespace

result<void> server_handshake::feed(byte_view& in, byte_buffer& out) {
  if (state_ == state::version && !in.empty()) {
    if (in[0] != rtmp_version)
      return error{errc::malformed, fmt::format("rtmp handshake: first byte 0x{:02x}; 0x03 expected{}", in[0],
                                                what_it_looks_like(in[0]))};
    in = in.subspan(1);
    state_ = state::c1;
  }
  while (!in.empty() && (state_ == state::c1 || state_ == state::c2)) {
    auto piece = in.first(std::min(in.size(), handshake_packet_size - received_));
    // C2 echoes S1; what it says changes nothing, so it is only counted.
    if (state_ == state::c1)
      std::copy(piece.begin(), piece.end(), c1_.begin() + static_cast<std::ptrdiff_t>(received_));
    in = in.subspan(piece.size());
    received_ += piece.size();
    if (received_ < handshake_packet_size) continue;
    received_ = 0;
    if (state_ == state::c1) answer(out);
    state_ = state_ == state::c1 ? state::c2 : state::done;
  }
  return {};
}

void server_handshake::answer(byte_buffer& out) {
  handshake_packet s1{};
  handshake_packet s2 = c1_;
  fill_random(std::span(s1).subspan(8));
  bool versioned = std::any_of(c1_.begin() + 4, c1_.begin() + 8, [](std::uint8_t b) { return b != 0; });
  auto client = versioned ? find_client_digest(c1_) : std::nullopt;
  with_digest_ = client.has_value();
  if (client) {
    std::copy(server_version.begin(), server_version.end(), s1.begin() + 4);
    sign_s1(s1, client->schema);
    fill_random(s2);
    sign_s2(s2, client->digest);
  }
  byte_writer writer(out);
  writer.u8(rtmp_version);
  writer.bytes(s1);
  writer.bytes(s2);
}

/// splitmix64 (Steele, Lea and Flood 2014).
void server_handshake::fill_random(std::span<std::uint8_t> bytes) noexcept {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 8 == 0) random_ += 0x9e3779b97f4a7c15;
    auto z = random_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    bytes[i] = static_cast<std::uint8_t>(z >> (8 * (i % 8)));
  }
}

} // namespace sluice::media::rtmp
