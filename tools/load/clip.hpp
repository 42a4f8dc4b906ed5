// The film that is published, as FLV tags in memory, and the mark in each picture that says when it was sent.
#pragma once

#include "media/flv/tag.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sluice::load {

/// A tag of the film, without FLV's own header and trailer.
struct clip_tag {
  media::tag_type type;
  std::uint32_t timestamp; ///< ms from the film's start
  byte_buffer data;
  bool header; ///< metadata or a sequence header: sent once, at the start
};

struct clip {
  std::vector<clip_tag> tags;
  std::uint32_t length_ms = 0; ///< from its first tag to where the repetition begins
};

/// Reads an FLV file of H.264 and AAC. Errors: `io`, `malformed`.
result<clip> read_clip(const std::string& path);

/// What each picture says of itself.
struct picture_mark {
  std::uint64_t sent_us = 0; ///< by `mark_clock`
  std::uint64_t number = 0;  ///< the publisher's count of pictures, from 1
};

/// Size of the mark put before a picture's first NAL unit: that unit's length, then an SEI message "user data
/// unregistered" (H.264 D.1.7): its head, a UUID of ours, time, number and the message's end.
inline constexpr std::size_t mark_size = 4 + 3 + 16 + 9 + 5 + 1;
/// The data of the tag with the mark in it.
byte_buffer with_mark(const clip_tag& picture, picture_mark mark);
/// Where a marked video tag's data stops mattering to `read_mark`.
inline constexpr std::size_t mark_end = 5 + mark_size;
/// The mark in a video tag's data, if it begins as `with_mark` writes it.
std::optional<picture_mark> read_mark(byte_view data);

/// Now, as the marks count: microseconds of the steady clock, of which a machine has one.
std::uint64_t mark_clock() noexcept;

} // namespace sluice::load
