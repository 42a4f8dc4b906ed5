// A short film of 2.5 Mbit/s as tags: 30 pictures a second, a keyframe each 2 s, AAC. The measurements'
// input; made once.
#pragma once

#include "media/flv/tag.hpp"

#include <vector>

namespace sluice::micro {

struct film_tag {
  media::tag_type type;
  std::uint32_t timestamp; ///< ms
  byte_buffer data;
};

/// Sequence headers and ten seconds of it.
const std::vector<film_tag>& film();
/// Its tags as they stand in a log, one after the other.
byte_buffer log_bytes();

} // namespace sluice::micro
