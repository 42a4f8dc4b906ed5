// The headers in force at a place of a log, and the preface made of them. Immutable once shared; any thread.
#pragma once

#include "stream/tag_scanner.hpp"

#include <memory>

namespace sluice::stream {

/// Metadata and sequence headers, each a complete FLV tag with timestamp 0, or empty.
struct headers {
  byte_buffer metadata, video, audio;
  std::uint64_t since = 0; ///< offset just behind the newest of them: a reader beyond it has seen them all

  /// These headers with the one in `tag` (a header tag) replaced.
  [[nodiscard]] headers with(const scanned_tag& tag) const;

  /// All of them one after the other, each stamped `timestamp` (ms).
  [[nodiscard]] byte_buffer tags(std::uint32_t timestamp) const;
};
using headers_ptr = std::shared_ptr<const headers>;

/// Which tracks a log has; fixed for its life.
struct tracks {
  bool audio = false;
  bool video = false;
  bool operator==(const tracks&) const = default;
};

/// What a viewer is sent first: FLV file header and `in_force` with timestamp 0.
byte_buffer preface(tracks present, const headers& in_force);

} // namespace sluice::stream
