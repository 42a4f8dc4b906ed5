// What is taken from onMetaData for people to see; nothing is decided by it. Pure; any thread.
#pragma once

#include "base/bytes.hpp"

namespace sluice::media {

/// What the publisher says of its picture; zero where it says nothing usable.
struct picture_hints {
  std::uint32_t width = 0;  ///< pixels
  std::uint32_t height = 0; ///< pixels
  double framerate = 0;     ///< frames per second
};

/// Reads `width`, `height` and `framerate` from an onMetaData script tag's data (AMF0, annex E.4.4). Stops at
/// the first value that is neither a number, a boolean, a string, null nor a date.
picture_hints read_picture_hints(byte_view metadata) noexcept;

/// Script data without the leading "@setDataFrame" that RTMP publishers put before onMetaData.
byte_view strip_set_data_frame(byte_view script) noexcept;

} // namespace sluice::media
