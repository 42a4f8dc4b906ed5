// The cluster secret at work: HMAC-SHA256 over labelled pieces, random bytes, comparison in constant time.
// Used by the control guard and the trunk. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <initializer_list>
#include <string_view>

namespace sluice::net {

using mac = std::array<std::uint8_t, 32>;
using nonce = std::array<std::uint8_t, 32>;

/// HMAC-SHA256 (RFC 2104) of the pieces. Each piece goes in after its length (32 bits, big endian), so that
/// no two lists of pieces read the same. An empty secret is a key like any other: it proves nothing, but both
/// sides compute the same value.
mac hmac_sha256(std::string_view secret, std::initializer_list<byte_view> pieces);

/// Cryptographic randomness. Throws `std::runtime_error` when the system has none: nothing is safe then.
nonce random_nonce();

/// Whether two byte strings are equal, in a time that depends on their lengths only.
bool equal_in_constant_time(byte_view a, byte_view b) noexcept;

} // namespace sluice::net
