#include "media/flv/tag.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::media {

namespace {
constexpr std::uint8_t filter_bit = 0x20;
constexpr std::uint8_t audio_flag = 0x04;
constexpr std::uint8_t video_flag = 0x01;
} // namespace

result<tag_header> parse_tag_header(std::span<const std::uint8_t, tag_header_size> bytes,
                                    std::size_t max_data) {
  byte_reader in(bytes);
  auto type = in.u8();
  if (type & filter_bit) return error{errc::unsupported, "flv tag: encrypted (filter bit set)"};
  if (type != 8 && type != 9 && type != 18)
    return error{errc::malformed, fmt::format("flv tag: type {}; 8, 9 or 18 expected", type)};
  tag_header header;
  header.type = tag_type{type};
  header.data_size = in.u24();
  header.timestamp = in.u24();
  header.timestamp |= std::uint32_t{in.u8()} << 24;
  if (auto stream = in.u24(); stream != 0)
    return error{errc::malformed, fmt::format("flv tag: stream id {}; 0 expected", stream)};
  if (header.data_size > max_data)
    return error{errc::too_large,
                 fmt::format("flv tag: {} bytes of data; at most {}", header.data_size, max_data)};
  return header;
}

void append_tag(byte_buffer& out, tag_type type, std::uint32_t timestamp, byte_view data) {
  auto needed = out.size() + data.size() + tag_overhead;
  if (needed > out.capacity()) out.reserve(std::max(needed, 2 * out.capacity()));
  byte_writer writer(out);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u24(data.size());
  writer.u24(timestamp & 0xffffff);
  writer.u8(timestamp >> 24);
  writer.u24(0);
  writer.bytes(data);
  writer.u32(data.size() + tag_header_size);
}

void set_tag_timestamp(std::span<std::uint8_t, tag_header_size> tag, std::uint32_t timestamp) noexcept {
  tag[4] = static_cast<std::uint8_t>(timestamp >> 16);
  tag[5] = static_cast<std::uint8_t>(timestamp >> 8);
  tag[6] = static_cast<std::uint8_t>(timestamp);
  tag[7] = static_cast<std::uint8_t>(timestamp >> 24);
}

std::array<std::uint8_t, file_header_size> file_header(bool has_audio, bool has_video) noexcept {
  auto flags = static_cast<std::uint8_t>((has_audio ? audio_flag : 0) | (has_video ? video_flag : 0));
  return {'F', 'L', 'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0};
}

result<file_flags> parse_file_header(std::span<const std::uint8_t, 9> bytes) {
  byte_reader in(bytes);
  if (as_text(in.take(3)) != "FLV") return error{errc::malformed, "flv: the first bytes are not 'FLV'"};
  if (auto version = in.u8(); version != 1)
    return error{errc::unsupported, fmt::format("flv: version {}; 1 expected", version)};
  auto flags = in.u8();
  if (auto offset = in.u32(); offset != 9)
    return error{errc::unsupported, fmt::format("flv: DataOffset {}; 9 expected", offset)};
  return file_flags{(flags & audio_flag) != 0, (flags & video_flag) != 0};
}

} // namespace sluice::media
