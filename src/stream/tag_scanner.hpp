// Finds the tags in log bytes that arrive in pieces of any size. Owned by a log; on its writer's thread.
#pragma once

#include "media/flv/payload.hpp"

namespace sluice::stream {

/// A tag the scanner has seen to its last byte.
struct scanned_tag {
  std::uint64_t offset = 0; ///< of its first byte in the log
  media::tag_header header;
  media::payload_info payload;
  byte_view whole; ///< the complete tag, for headers (`payload.is_header()`) only; valid during the call
  [[nodiscard]] std::uint64_t end() const noexcept { return offset + header.total_size(); }
};

class tag_scanner {
public:
  /// Metadata and sequence headers beyond this size are refused: they are kept per join point.
  static constexpr std::size_t max_header_tag = 256 * 1024;

  tag_scanner(std::uint64_t offset, std::size_t max_tag_data)
      : offset_(offset), max_tag_data_(max_tag_data) {}

  /// Reads on; calls `on_tag(const scanned_tag&)` for each tag completed by `piece`. Errors as
  /// `parse_tag_header`, and `too_large` for a header tag, each with the log offset; then the scanner is
  /// unusable until `restart`.
  template <class OnTag>
  result<void> scan(byte_view piece, OnTag&& on_tag) {
    while (!piece.empty()) {
      auto taken = step(piece);
      if (!taken) return taken.error();
      piece = piece.subspan(*taken);
      if (!complete_) continue;
      on_tag(scanned_tag{offset_, header_, payload_, collecting_ ? byte_view(start_) : byte_view{}});
      restart(offset_ + header_.total_size());
    }
    return {};
  }

  /// Forgets a tag read in part: the next byte is the first of a tag at `offset`.
  void restart(std::uint64_t offset) noexcept;

private:
  result<std::size_t> step(byte_view piece);
  result<void> read_header();
  result<void> read_payload_start();
  std::size_t gather(byte_view piece, std::size_t target);

  std::uint64_t offset_;
  std::size_t max_tag_data_;
  byte_buffer start_;                          // the tag's first bytes; all of it for headers
  std::size_t seen_ = 0;                       // bytes of the tag read so far
  std::size_t probe_ = media::tag_header_size; // how many bytes `start_` needs next
  bool has_header_ = false, classified_ = false, collecting_ = false, complete_ = false;
  media::tag_header header_;
  media::payload_info payload_;
};

} // namespace sluice::stream
