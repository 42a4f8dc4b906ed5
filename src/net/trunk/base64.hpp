// Base64 (RFC 4648, section 4, with padding): how bytes travel inside the trunk's JSON. Pure; any thread.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <string>

namespace sluice::net {

std::string to_base64(byte_view bytes);

/// Error: `malformed` (a character outside the alphabet, wrong length or padding).
result<byte_buffer> from_base64(std::string_view text);

} // namespace sluice::net
