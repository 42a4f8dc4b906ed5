// AMF0, the encoding of RTMP commands and script data (Adobe "Action Message Format -- AMF 0"). Values and
// two functions, pure; any thread. Input is a peer's: depth, counts and string sizes are limited.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <string>
#include <variant>
#include <vector>

namespace sluice::media::rtmp {

struct amf0_value;
struct amf0_property;

struct amf0_null {};
struct amf0_undefined {};
struct amf0_date {
  double unix_ms = 0; ///< the time zone field is reserved, read and dropped
};
/// Properties in the order they came; names may repeat.
struct amf0_object {
  std::vector<amf0_property> properties;
};
/// An object in all but its marker.
struct amf0_ecma_array {
  std::vector<amf0_property> properties;
};
struct amf0_strict_array {
  std::vector<amf0_value> items;
};

/// One value. String and long string are the same here: their size decides which marker is written.
struct amf0_value {
  std::variant<amf0_undefined, amf0_null, double, bool, std::string, amf0_object, amf0_ecma_array,
               amf0_strict_array, amf0_date>
      data;

  /// The number, or `otherwise` when it is something else.
  [[nodiscard]] double number_or(double otherwise) const noexcept;
  /// The text, or an empty view when it is something else.
  [[nodiscard]] std::string_view text() const noexcept;
  [[nodiscard]] bool is_text() const noexcept { return std::holds_alternative<std::string>(data); }
  /// The first property of that name, of an object or ECMA array; nullptr when there is none.
  [[nodiscard]] const amf0_value* find(std::string_view property) const noexcept;
};

struct amf0_property {
  std::string name;
  amf0_value value;
};

struct amf0_limits {
  std::size_t max_depth = 16;         ///< values inside values; a plain number has depth 1
  std::size_t max_elements = 4096;    ///< values in one call, at all depths
  std::size_t max_string = 64 * 1024; ///< bytes of one string or name
};

/// Reads one value at the reader's place. Errors, with the offset: `malformed` (ends inside a value),
/// `too_large` (a limit above), `unsupported` (movie clip, reference, record set, XML, typed object, AMF3).
result<amf0_value> decode_amf0(byte_reader& in, const amf0_limits& limits = {});

/// Reads values until the bytes end. The limits hold for all of them together. Errors as `decode_amf0`.
result<std::vector<amf0_value>> decode_all_amf0(byte_view bytes, const amf0_limits& limits = {});

/// Appends one value. Property names are at most 65535 bytes.
void encode_amf0(byte_buffer& out, const amf0_value& value);

} // namespace sluice::media::rtmp
