#include "film.hpp"

namespace sluice::micro {

namespace {

using media::tag_type;

constexpr std::uint32_t length_ms = 10'000;
constexpr std::size_t keyframe_bytes = 60'000, picture_bytes = 8'900, sound_bytes = 256;

byte_buffer filled(std::initializer_list<std::uint8_t> start, std::size_t size) {
  byte_buffer out(start);
  out.resize(size, 0x5a);
  return out;
}

std::vector<film_tag> make() {
  std::vector<film_tag> out;
  out.push_back({tag_type::video, 0, {0x17, 0, 0, 0, 0, 1, 2, 3}});
  out.push_back({tag_type::audio, 0, {0xaf, 0, 0x12, 0x10}});
  std::uint32_t pictures = 0, sounds = 0;
  for (std::uint32_t ms = 0; ms < length_ms; ++ms) {
    for (; pictures * 1000 / 30 <= ms; ++pictures)
      out.push_back(pictures % 60 == 0
                        ? film_tag{tag_type::video, ms, filled({0x17, 1, 0, 0, 0}, keyframe_bytes)}
                        : film_tag{tag_type::video, ms, filled({0x27, 1, 0, 0, 0}, picture_bytes)});
    for (; sounds * 1024 / 48 <= ms; ++sounds)
      out.push_back({tag_type::audio, ms, filled({0xaf, 1}, sound_bytes)});
  }
  return out;
}

} // namespace

const std::vector<film_tag>& film() {
  static const auto once = make();
  return once;
}

byte_buffer log_bytes() {
  byte_buffer out;
  for (const auto& tag : film())
    media::append_tag(out, tag.type, tag.timestamp, tag.data);
  return out;
}

} // namespace sluice::micro
