// The identities of the system: stream key, epoch, node id. Values; any thread.
#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice {

/// `app/name`: 2 to 4 segments of `[A-Za-z0-9._~-]{1,128}`, case matters, percent-decoded once. The last
/// segment does not end in `.flv` or `.live`, and no segment is `.` or `..`.
class stream_key {
public:
  /// Reads a key from text such as `live/room1` (no leading slash, no params). Error: `bad_argument`, naming
  /// the segment at fault.
  static result<stream_key> parse(std::string_view text);

  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  auto operator<=>(const stream_key&) const = default;

private:
  explicit stream_key(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// What a publish or play URL names: the key, and the params (after `?`) that are never part of it, never
/// logged and never sent up the trunk.
struct stream_address {
  stream_key key;
  std::string params;

  /// Reads `live/room1?token=x`. Errors as `stream_key::parse`.
  static result<stream_address> parse(std::string_view text);
};

/// Which of the logs of a key: (unix ms, random 16 bits) as one integer, so a later log compares greater.
/// Zero means none.
struct epoch {
  std::uint64_t value = 0;

  /// The epoch of a log that starts now and follows `last`, the newest one known of its key.
  static epoch next(std::uint64_t now_unix_ms, epoch last, std::uint16_t random) noexcept;

  [[nodiscard]] std::uint64_t unix_ms() const noexcept { return value >> 16; }
  explicit operator bool() const noexcept { return value != 0; }
  auto operator<=>(const epoch&) const = default;
};

/// A node's name: `[A-Za-z0-9._-]`, 1 to `max_node_id` characters.
using node_id = std::string;
constexpr std::size_t max_node_id = 64;

/// Whether `text` is usable as a node id (and as a zone or cluster name).
bool valid_node_id(std::string_view text) noexcept;

/// Decodes `%xx` once. Error: `malformed`, naming the offset.
result<std::string> percent_decode(std::string_view text);

} // namespace sluice

template <>
struct std::hash<sluice::stream_key> {
  std::size_t operator()(const sluice::stream_key& key) const noexcept {
    return std::hash<std::string>{}(key.str());
  }
};
