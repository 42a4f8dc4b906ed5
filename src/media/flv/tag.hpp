// The FLV container's units: file header and tag, as bytes (Adobe "Video File Format Specification 10.1",
// annex E.2 to E.4). Pure; any thread.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <array>

namespace sluice::media {

/// TagType of annex E.4.1; the same numbers are RTMP's message types.
enum class tag_type : std::uint8_t { audio = 8, video = 9, script = 18 };

constexpr std::size_t tag_header_size = 11;
constexpr std::size_t previous_tag_size_size = 4;
/// Bytes a tag takes beyond its data.
constexpr std::size_t tag_overhead = tag_header_size + previous_tag_size_size;
/// DataSize is 24 bits.
constexpr std::size_t max_tag_data = 0xffffff;
/// File header and PreviousTagSize0.
constexpr std::size_t file_header_size = 13;

struct tag_header {
  tag_type type = tag_type::script;
  std::uint32_t data_size = 0;
  std::uint32_t timestamp = 0; ///< ms; the extension byte is already on top

  /// Size of the whole tag: header, data and PreviousTagSize.
  [[nodiscard]] std::size_t total_size() const noexcept { return data_size + tag_overhead; }
};

/// Reads an 11-byte tag header. Errors: `malformed` (unknown type, stream id not 0), `unsupported` (the
/// encryption filter bit), `too_large` (data_size > max_data).
result<tag_header> parse_tag_header(std::span<const std::uint8_t, tag_header_size> bytes,
                                    std::size_t max_data);

/// Appends a whole tag: header, data, PreviousTagSize. `data` is at most `max_tag_data` bytes.
void append_tag(byte_buffer& out, tag_type type, std::uint32_t timestamp, byte_view data);

/// Overwrites the timestamp of the tag that starts at `tag`.
void set_tag_timestamp(std::span<std::uint8_t, tag_header_size> tag, std::uint32_t timestamp) noexcept;

/// "FLV", version 1, the track flags, and PreviousTagSize0.
std::array<std::uint8_t, file_header_size> file_header(bool has_audio, bool has_video) noexcept;

struct file_flags {
  bool has_audio = false;
  bool has_video = false;
};
/// Reads a 9-byte file header (without PreviousTagSize0). Errors: `malformed`, `unsupported` (a version
/// other than 1, or a DataOffset other than 9).
result<file_flags> parse_file_header(std::span<const std::uint8_t, 9> bytes);

} // namespace sluice::media
