// What is inside an FLV tag's data, as far as carrying it needs to know: header or frame, key or not, which
// codec (annex E.4.2/E.4.3; "Enhanced RTMP" v1 and v2 for the extended forms). Pure; any thread.
#pragma once

#include "media/flv/tag.hpp"

namespace sluice::media {

enum class payload_kind : std::uint8_t {
  audio_header, ///< AAC/Opus sequence header
  audio_frame,
  video_header, ///< AVC/HEVC/AV1 sequence header
  video_key,    ///< a picture decoding can start at
  video_frame,  ///< any other picture
  metadata,     ///< script data `onMetaData`
  other         ///< end of sequence, command frames, other script data: carried, never a join point
};

/// Codec as a FourCC in ASCII order: 'avc1', 'hvc1', 'av01', 'vp09', 'mp4a', 'Opus', '.mp3', 'fLaC',
/// 'ac-3'... Legacy codec ids are mapped onto these; zero means none or unknown.
using fourcc = std::uint32_t;

constexpr fourcc make_fourcc(const char (&text)[5]) noexcept {
  return static_cast<fourcc>(static_cast<std::uint8_t>(text[0])) << 24 |
         static_cast<fourcc>(static_cast<std::uint8_t>(text[1])) << 16 |
         static_cast<fourcc>(static_cast<std::uint8_t>(text[2])) << 8 |
         static_cast<fourcc>(static_cast<std::uint8_t>(text[3]));
}
std::string fourcc_text(fourcc code);

struct payload_info {
  payload_kind kind = payload_kind::other;
  fourcc codec = 0;

  [[nodiscard]] bool is_header() const noexcept {
    return kind == payload_kind::audio_header || kind == payload_kind::video_header ||
           kind == payload_kind::metadata;
  }
};

/// How many leading bytes of a tag's data `classify` looks at, at most.
constexpr std::size_t classify_bytes = 32;

/// Classifies tag data from its first bytes (all of it, or at least `classify_bytes`). Never fails: what is
/// not understood is `other`.
payload_info classify(tag_type type, byte_view data) noexcept;

} // namespace sluice::media
