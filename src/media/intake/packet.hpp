// One tag of a publisher, checked and in the form players understand, as it moves through an intake.
// Values; any thread.
#pragma once

#include "base/result.hpp"
#include "media/flv/payload.hpp"
#include "media/intake/timeline.hpp"

namespace sluice::media {

struct packet {
  tag_type type = tag_type::script;
  std::uint32_t timestamp = 0; ///< ms, the publisher's
  std::chrono::steady_clock::time_point arrived;
  payload_info info;
  byte_view data; ///< not owned

  [[nodiscard]] bool is_frame() const noexcept {
    return info.kind == payload_kind::audio_frame || info.kind == payload_kind::video_key ||
           info.kind == payload_kind::video_frame;
  }
  [[nodiscard]] bool is_sequence_header() const noexcept {
    return info.kind == payload_kind::audio_header || info.kind == payload_kind::video_header;
  }
  /// The track of an audio or video packet.
  [[nodiscard]] track which() const noexcept { return type == tag_type::audio ? track::audio : track::video; }
};

/// Checks what a publisher sent and brings it into the players' form; the packet's data is `data`, a part of
/// it, or `scratch`. `type` and `data` are set, times are not. Errors: `malformed` (empty, or too short for
/// its codec's packet header), `unsupported` (unknown codec, and as `to_player_form`).
result<packet> read_packet(tag_type type, byte_view data, byte_buffer& scratch);

} // namespace sluice::media
