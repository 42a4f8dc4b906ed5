// The digests of RTMP's "complex" handshake, which Flash Player 9 brought and some encoders still start with.
// The RTMP specification leaves them out; they are known from what clients send. Pure functions; any thread.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <optional>
#include <span>

namespace sluice::media::rtmp {

constexpr std::size_t handshake_packet_size = 1536;
constexpr std::size_t digest_size = 32;

using handshake_packet = std::array<std::uint8_t, handshake_packet_size>;
using sha256_digest = std::array<std::uint8_t, digest_size>;

/// Where C1 and S1 keep their digest: behind an offset field at byte 772 (schema 0) or at byte 8 (schema 1).
enum class digest_schema { at_772, at_8 };

struct client_digest {
  digest_schema schema;
  sha256_digest digest;
};

/// The valid digest of a C1, in whichever schema; nothing when there is none.
std::optional<client_digest> find_client_digest(const handshake_packet& c1);

/// Writes the server's digest into an S1 that is otherwise filled.
void sign_s1(handshake_packet& s1, digest_schema schema);

/// Writes the signature that proves C1 was read into the last 32 bytes of an S2 that is otherwise filled.
void sign_s2(handshake_packet& s2, const sha256_digest& c1_digest);

/// For a client, and for tests: as `sign_s1` with the player's key.
void sign_c1(handshake_packet& c1, digest_schema schema);
/// For a client, and for tests: whether S1 carries the server's digest.
bool valid_s1(const handshake_packet& s1, digest_schema schema);

} // namespace sluice::media::rtmp
