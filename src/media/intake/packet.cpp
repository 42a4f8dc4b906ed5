#include "media/intake/packet.hpp"

#include "media/flv/ex_header.hpp"
#include "media/flv/legacy.hpp"
#include "media/intake/metadata.hpp"

#include <fmt/format.h>

namespace sluice::media {

namespace {

// A sequence header must hold a configuration, a frame its packet header; players break on less.
std::size_t least_size(const packet& tag) noexcept {
  bool header = tag.is_sequence_header();
  if (!header && !tag.is_frame()) return 1;
  bool extended = is_extended(tag.type, tag.data);
  if (extended) return 6;
  if (tag.info.codec == make_fourcc("avc1") || tag.info.codec == make_fourcc("hvc1")) return header ? 6 : 5;
  if (tag.info.codec == make_fourcc("mp4a")) return header ? 4 : 2;
  return 1;
}

} // namespace

result<packet> read_packet(tag_type type, byte_view data, byte_buffer& scratch) {
  packet tag;
  tag.type = type;
  std::string_view name = type == tag_type::audio ? "audio" : type == tag_type::video ? "video" : "script";
  if (type == tag_type::script) data = strip_set_data_frame(data);
  if (data.empty()) return error{errc::malformed, fmt::format("{} tag: empty", name)};
  auto plain = to_player_form(type, data, scratch);
  if (!plain) return plain.error();
  tag.data = *plain;
  tag.info = classify(type, tag.data);
  if (type == tag_type::script) return tag;
  if (tag.info.codec == 0)
    return error{errc::unsupported,
                 fmt::format("{} tag: unknown codec (first byte 0x{:02x})", name, tag.data[0])};
  if (auto least = least_size(tag); tag.data.size() < least)
    return error{errc::malformed, fmt::format("{} tag: {} bytes of {}; at least {}", name, tag.data.size(),
                                              fourcc_text(tag.info.codec), least)};
  return tag;
}

} // namespace sluice::media
