// Reads an FLV file as it arrives, piece by piece (`POST /live/room1.flv`, recordings): annex E.2 to E.4.
// Owned by one connection; its thread only.
#pragma once

#include "media/flv/tag.hpp"

#include <optional>

namespace sluice::media {

/// What a `flv_reader` calls, in the order of the file. An error returned from here ends the reading.
class flv_handler {
public:
  virtual ~flv_handler() = default;
  /// The file header; once, before any tag.
  virtual result<void> on_file_header(file_flags flags) = 0;
  /// A tag; `data` is valid during the call only. `timestamp` in ms, as written.
  virtual result<void> on_tag(tag_type type, std::uint32_t timestamp, byte_view data) = 0;
};

/// An incremental FLV file reader. Its one option is the largest tag data accepted, in bytes.
class flv_reader {
public:
  static constexpr std::size_t default_max_tag_data = 8 * 1024 * 1024;

  explicit flv_reader(std::size_t limit = default_max_tag_data) : max_tag_data_(limit) {}

  /// Reads the next bytes of the file, cut anywhere. A tag that lies whole in `bytes` is handed over without
  /// a copy; of others no more is kept than was received. Errors name the byte offset: those of
  /// `parse_file_header` and `parse_tag_header`, and what the handler returned; after one, every call fails.
  result<void> feed(byte_view bytes, flv_handler& handler);

  /// Whether the bytes so far end where a file may end: after the header or a tag's data.
  [[nodiscard]] bool at_tag_boundary() const noexcept;
  /// Bytes of the file consumed or kept so far.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_ + kept_.size(); }
  /// PreviousTagSize fields that did not say the previous tag's size; some muxers write 0.
  [[nodiscard]] std::uint64_t wrong_previous_sizes() const noexcept { return wrong_previous_sizes_; }

private:
  enum class part { file_header, previous_size, header, data };

  [[nodiscard]] std::size_t part_size() const noexcept;
  std::optional<byte_view> next_part(byte_view& bytes);
  result<void> read_part(byte_view bytes, flv_handler& handler);
  void read_previous_size(byte_view bytes);

  std::size_t max_tag_data_;
  part part_ = part::file_header;
  tag_header tag_;
  std::uint32_t expected_previous_size_ = 0;
  byte_buffer kept_;         // the start of a part that is not whole yet
  std::uint64_t offset_ = 0; // of the part being read
  std::uint64_t wrong_previous_sizes_ = 0;
  std::optional<error> failed_;
};

} // namespace sluice::media
