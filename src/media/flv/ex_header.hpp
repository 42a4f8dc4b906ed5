// The extended audio and video tag headers of "Enhanced RTMP v2" (sections "Enhanced Audio" and "Enhanced
// Video"), read up to the first track's body. Pure; any thread.
#pragma once

#include "media/flv/payload.hpp"

#include <optional>

namespace sluice::media {

/// VideoFrameType of a command frame ("Enhanced Video", table VideoFrameType; annex E.4.3.1 FrameType 5).
constexpr std::uint8_t command_frame = 5;

/// AudioPacketType and VideoPacketType; the numbers the two share mean the same.
namespace ex_packet {
constexpr std::uint8_t sequence_start = 0;
constexpr std::uint8_t coded_frames = 1;
constexpr std::uint8_t sequence_end = 2;
constexpr std::uint8_t coded_frames_x = 3;         ///< video: composition time is 0 and left out
constexpr std::uint8_t mpeg2ts_sequence_start = 5; ///< video
constexpr std::uint8_t audio_multitrack = 5;
constexpr std::uint8_t video_multitrack = 6;
constexpr std::uint8_t mod_ex = 7;
} // namespace ex_packet

/// AvMultitrackType.
enum class ex_tracks : std::uint8_t {
  single = 0xff, ///< no multitrack header
  one_track = 0,
  many_tracks = 1,
  many_tracks_many_codecs = 2
};

struct ex_header {
  std::uint8_t frame_type = 0;  ///< VideoFrameType; 0 for audio
  std::uint8_t packet_type = 0; ///< never Multitrack or ModEx: those are read through
  ex_tracks tracks = ex_tracks::single;
  std::uint8_t track = 0; ///< AudioTrackId, VideoTrackId; 0 without a multitrack header
  fourcc codec = 0;       ///< zero for a video command frame
  std::size_t body = 0;   ///< where the (first track's) body starts in the tag's data
  bool modified = false;  ///< a ModEx prologue stands before the FourCC
};

/// Whether the tag's data starts with an extended header.
bool is_extended(tag_type type, byte_view data) noexcept;

/// Reads the extended header; nothing when it is not one, is cut short, or breaks the tables.
std::optional<ex_header> parse_ex_header(tag_type type, byte_view data) noexcept;

} // namespace sluice::media
