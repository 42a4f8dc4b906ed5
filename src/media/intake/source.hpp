// What is known of a publisher's tracks: their codecs and the headers in force. A value of one intake.
#pragma once

#include "media/flv/payload.hpp"
#include "media/intake/timeline.hpp"

#include <array>

namespace sluice::media {

/// Whether frames of `codec` cannot be decoded before a sequence header came.
constexpr bool needs_sequence_header(fourcc codec) noexcept {
  return codec == make_fourcc("avc1") || codec == make_fourcc("hvc1") || codec == make_fourcc("av01") ||
         codec == make_fourcc("mp4a") || codec == make_fourcc("Opus");
}

struct source_track {
  fourcc codec = 0;   ///< zero: no such track
  byte_buffer header; ///< tag data of the sequence header in force; may be empty for codecs that need none

  [[nodiscard]] bool present() const noexcept { return codec != 0; }
};

struct source {
  std::array<source_track, 2> tracks;
  byte_buffer metadata; ///< tag data

  [[nodiscard]] source_track& operator[](track which) noexcept {
    return tracks[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] const source_track& operator[](track which) const noexcept {
    return tracks[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] bool any_track() const noexcept { return tracks[0].present() || tracks[1].present(); }
  [[nodiscard]] bool both_tracks() const noexcept { return tracks[0].present() && tracks[1].present(); }
  [[nodiscard]] bool same_codecs(const source& other) const noexcept {
    return tracks[0].codec == other.tracks[0].codec && tracks[1].codec == other.tracks[1].codec;
  }
};

} // namespace sluice::media
