#include "media/flv/ex_header.hpp"

namespace sluice::media {

namespace {

constexpr std::uint8_t is_ex_video_header = 0x80;
constexpr std::uint8_t sound_format_ex = 9;

// Reads ModEx prologues; each ends in the packet type that follows it.
std::uint8_t skip_mod_ex(byte_reader& in, std::uint8_t packet_type) noexcept {
  while (packet_type == ex_packet::mod_ex && in.ok()) {
    std::size_t size = in.u8() + std::size_t{1};
    if (size == 256) size = in.u16() + std::size_t{1};
    in.take(size);
    packet_type = in.u8() & 0x0f;
  }
  return packet_type;
}

} // namespace

bool is_extended(tag_type type, byte_view data) noexcept {
  if (data.empty()) return false;
  if (type == tag_type::video) return (data[0] & is_ex_video_header) != 0;
  return type == tag_type::audio && data[0] >> 4 == sound_format_ex;
}

std::optional<ex_header> parse_ex_header(tag_type type, byte_view data) noexcept {
  if (!is_extended(type, data)) return std::nullopt;
  bool video = type == tag_type::video;
  auto multitrack = video ? ex_packet::video_multitrack : ex_packet::audio_multitrack;
  byte_reader in(data);
  ex_header header;
  auto first = in.u8();
  if (video) header.frame_type = (first >> 4) & 0x07;
  auto lead = static_cast<std::uint8_t>(first & 0x0f);
  header.modified = lead == ex_packet::mod_ex;
  header.packet_type = skip_mod_ex(in, lead);
  constexpr std::uint8_t video_metadata = 4;
  if (video && header.frame_type == command_frame && header.packet_type != video_metadata) {
    header.body = in.position();
    return in.ok() ? std::optional(header) : std::nullopt;
  }
  if (header.packet_type == multitrack) {
    auto kind = in.u8();
    header.tracks = ex_tracks{static_cast<std::uint8_t>(kind >> 4)};
    header.packet_type = kind & 0x0f;
    if (header.tracks > ex_tracks::many_tracks_many_codecs || header.packet_type == multitrack ||
        header.packet_type == ex_packet::mod_ex)
      return std::nullopt;
  }
  header.codec = in.u32();
  if (header.tracks != ex_tracks::single) header.track = in.u8();
  if (header.tracks == ex_tracks::many_tracks || header.tracks == ex_tracks::many_tracks_many_codecs)
    in.u24();
  header.body = in.position();
  if (!in.ok()) return std::nullopt;
  return header;
}

} // namespace sluice::media
