// Base64 (RFC 4648, section 4, with padding): how bytes travel inside JSON. Pure; any thread.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <string>

namespace sluice {

std::string to_base64(byte_view bytes);

/// Error: `malformed` (a character outside the alphabet, wrong length or padding).
result<byte_buffer> from_base64(std::string_view text);

} // namespace sluice
