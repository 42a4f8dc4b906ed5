#include "media/rtmp/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace sluice::media::rtmp {

namespace {

/// Follows the server's name in its key, and the player's in the player's.
constexpr std::array<std::uint8_t, 32> key_tail{
    0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
    0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae};
constexpr std::string_view player_name = "Genuine Adobe Flash Player 001";
constexpr std::string_view server_name = "Genuine Adobe Flash Media Server 001";

sha256_digest hmac(byte_view key, byte_view data) {
  sha256_digest out{};
  unsigned size = digest_size;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(), &size);
  return out;
}

/// The digest lies (sum of the four bytes at the field) mod 728 behind the field.
std::size_t digest_place(const handshake_packet& packet, digest_schema schema) noexcept {
  std::size_t field = schema == digest_schema::at_772 ? 772 : 8;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < 4; ++i)
    sum += packet[field + i];
  return field + 4 + sum % 728;
}

/// The HMAC of the packet without its digest.
sha256_digest packet_digest(const handshake_packet& packet, std::size_t place, byte_view key) {
  std::array<std::uint8_t, handshake_packet_size - digest_size> rest{};
  auto end = std::copy_n(packet.begin(), place, rest.begin());
  std::copy(packet.begin() + static_cast<std::ptrdiff_t>(place + digest_size), packet.end(), end);
  return hmac(key, rest);
}

void sign(handshake_packet& packet, digest_schema schema, std::string_view key) {
  auto place = digest_place(packet, schema);
  auto digest = packet_digest(packet, place, as_bytes(key));
  std::copy(digest.begin(), digest.end(), packet.begin() + static_cast<std::ptrdiff_t>(place));
}

bool valid(const handshake_packet& packet, digest_schema schema, std::string_view key) {
  auto place = digest_place(packet, schema);
  auto digest = packet_digest(packet, place, as_bytes(key));
  return std::equal(digest.begin(), digest.end(), packet.begin() + static_cast<std::ptrdiff_t>(place));
}

} // namespace

std::optional<client_digest> find_client_digest(const handshake_packet& c1) {
  for (auto schema : {digest_schema::at_772, digest_schema::at_8}) {
    if (!valid(c1, schema, player_name)) continue;
    client_digest found{schema, {}};
    std::copy_n(c1.begin() + static_cast<std::ptrdiff_t>(digest_place(c1, schema)), digest_size,
                found.digest.begin());
    return found;
  }
  return std::nullopt;
}

void sign_s1(handshake_packet& s1, digest_schema schema) {
  sign(s1, schema, server_name);
}

void sign_s2(handshake_packet& s2, const sha256_digest& c1_digest) {
  byte_buffer key;
  byte_writer(key).text(server_name);
  byte_writer(key).bytes(key_tail);
  auto session_key = hmac(key, c1_digest);
  auto signature = hmac(session_key, byte_view(s2).first(handshake_packet_size - digest_size));
  std::copy(signature.begin(), signature.end(), s2.end() - static_cast<std::ptrdiff_t>(digest_size));
}

void sign_c1(handshake_packet& c1, digest_schema schema) {
  sign(c1, schema, player_name);
}

bool valid_s1(const handshake_packet& s1, digest_schema schema) {
  return valid(s1, schema, server_name);
}

} // namespace sluice::media::rtmp
