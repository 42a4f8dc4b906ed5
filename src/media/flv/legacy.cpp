#include "media/flv/legacy.hpp"

#include "media/flv/ex_header.hpp"

#include <fmt/format.h>

namespace sluice::media {

namespace {

constexpr std::uint8_t legacy_avc = 7;
// AAC is always written as 44 kHz, 16 bit, stereo (annex E.4.2.1); its header tells the truth.
constexpr std::uint8_t legacy_aac = 0xaf;

error no_legacy_form(fourcc codec, std::uint8_t packet_type) {
  return {errc::unsupported,
          fmt::format("extended flv: {} packet type {} has no legacy form", fourcc_text(codec), packet_type)};
}

// AVCPacketType and a composition time for what CodedFramesX and the others leave out.
result<byte_view> to_legacy_avc(const ex_header& header, byte_view body, byte_buffer& scratch) {
  byte_writer out(scratch);
  out.u8(static_cast<std::uint64_t>(header.frame_type << 4 | legacy_avc));
  switch (header.packet_type) {
  case ex_packet::sequence_start:
    out.u32(0x00000000);
    break;
  case ex_packet::coded_frames:
    out.u8(1);
    break;
  case ex_packet::coded_frames_x:
    out.u32(0x01000000);
    break;
  case ex_packet::sequence_end:
    out.u32(0x02000000);
    break;
  default:
    return no_legacy_form(header.codec, header.packet_type);
  }
  out.bytes(body);
  return byte_view(scratch);
}

result<byte_view> to_legacy_aac(const ex_header& header, byte_view body, byte_buffer& scratch) {
  if (header.packet_type != ex_packet::sequence_start && header.packet_type != ex_packet::coded_frames)
    return no_legacy_form(header.codec, header.packet_type);
  byte_writer out(scratch);
  out.u8(legacy_aac);
  out.u8(header.packet_type == ex_packet::coded_frames);
  out.bytes(body);
  return byte_view(scratch);
}

result<byte_view> to_plain(tag_type type, const ex_header& header, byte_view body, byte_buffer& scratch) {
  constexpr std::uint8_t ex_video = 0x80;
  constexpr std::uint8_t ex_audio = 0x90;
  byte_writer out(scratch);
  auto lead = type == tag_type::video ? ex_video | header.frame_type << 4 : ex_audio;
  out.u8(static_cast<std::uint64_t>(lead | header.packet_type));
  out.u32(header.codec);
  out.bytes(body);
  return byte_view(scratch);
}

} // namespace

result<byte_view> to_player_form(tag_type type, byte_view data, byte_buffer& scratch) {
  if (type == tag_type::script || !is_extended(type, data)) return data;
  auto header = parse_ex_header(type, data);
  if (!header) return error{errc::unsupported, "extended flv: header cut short or outside its tables"};
  if (header->codec == 0) return error{errc::unsupported, "extended flv: a packet without a codec"};
  bool multitrack = header->tracks != ex_tracks::single;
  if (multitrack && (header->tracks != ex_tracks::one_track || header->track != 0))
    return error{errc::unsupported,
                 fmt::format("extended flv: multitrack type {}, track {}; only track 0 alone",
                             static_cast<unsigned>(header->tracks), header->track)};
  auto body = data.subspan(header->body);
  scratch.clear();
  if (type == tag_type::video && header->codec == make_fourcc("avc1"))
    return to_legacy_avc(*header, body, scratch);
  if (type == tag_type::audio && header->codec == make_fourcc("mp4a"))
    return to_legacy_aac(*header, body, scratch);
  if (!multitrack && !header->modified) return data;
  return to_plain(type, *header, body, scratch);
}

} // namespace sluice::media
