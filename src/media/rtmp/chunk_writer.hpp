// Cuts RTMP messages into chunks (section 5.3). One per connection and direction, on its worker.
#pragma once

#include "media/rtmp/message.hpp"

namespace sluice::media::rtmp {

/// Every message gets a type 0 header; its further chunks type 3.
class chunk_writer {
public:
  /// The size of the chunks to come; the peer must have been told (`set_chunk_size`). At least 1.
  void chunk_size(std::uint32_t size) noexcept { chunk_size_ = size; }

  /// Appends `m` to `out`. Its payload is at most 0xffffff bytes; `chunk_stream` is 2 to 65599.
  void write(byte_buffer& out, std::uint32_t chunk_stream, const message& m) const;

private:
  std::uint32_t chunk_size_ = default_chunk_size;
};

} // namespace sluice::media::rtmp
