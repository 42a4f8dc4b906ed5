#include "media/rtmp/chunk_writer.hpp"

#include <algorithm>

namespace sluice::media::rtmp {

namespace {

/// Section 5.3.1.1: ids up to 63 fit the first byte, up to 319 need a second one, the rest a third.
void basic_header(byte_writer& out, unsigned format, std::uint32_t chunk_stream) {
  if (chunk_stream < 64) {
    out.u8(format << 6 | chunk_stream);
  } else if (chunk_stream < 64 + 256) {
    out.u8(format << 6);
    out.u8(chunk_stream - 64);
  } else {
    out.u8(format << 6 | 1);
    out.u8((chunk_stream - 64) & 0xff);
    out.u8((chunk_stream - 64) >> 8);
  }
}

} // namespace

void chunk_writer::write(byte_buffer& out, std::uint32_t chunk_stream, const message& m) const {
  byte_writer writer(out);
  bool extended = m.timestamp >= extended_timestamp_mark;
  basic_header(writer, 0, chunk_stream);
  writer.u24(extended ? extended_timestamp_mark : m.timestamp);
  writer.u24(m.payload.size());
  writer.u8(static_cast<std::uint8_t>(m.type));
  for (unsigned shift = 0; shift < 32; shift += 8)
    writer.u8(m.stream_id >> shift); // the one little-endian field
  if (extended) writer.u32(m.timestamp);

  auto rest = m.payload;
  for (;;) {
    auto piece = rest.first(std::min<std::size_t>(chunk_size_, rest.size()));
    writer.bytes(piece);
    rest = rest.subspan(piece.size());
    if (rest.empty()) return;
    basic_header(writer, 3, chunk_stream);
    if (extended) writer.u32(m.timestamp);
  }
}

} // namespace sluice::media::rtmp
