// FLV tags as a publisher would make them, for tests of the log.
#pragma once

#include "media/flv/tag.hpp"
#include "stream/log.hpp"

namespace sluice::test {

inline byte_buffer tag(media::tag_type type, std::uint32_t timestamp, byte_buffer data) {
  byte_buffer out;
  media::append_tag(out, type, timestamp, data);
  return out;
}

/// AVC and AAC in the legacy form; `fill` bytes of `value` behind the codec bytes.
inline byte_buffer video_header(std::uint8_t value = 1) {
  return tag(media::tag_type::video, 0, {0x17, 0, 0, 0, 0, value, 2, 3});
}
inline byte_buffer audio_header() {
  return tag(media::tag_type::audio, 0, {0xaf, 0, 0x12, 0x10});
}
inline byte_buffer picture(std::uint32_t timestamp, bool key, std::size_t fill = 100,
                           std::uint8_t value = 7) {
  byte_buffer data{static_cast<std::uint8_t>(key ? 0x17 : 0x27), 1, 0, 0, 0};
  data.resize(data.size() + fill, value);
  return tag(media::tag_type::video, timestamp, std::move(data));
}
inline byte_buffer sound(std::uint32_t timestamp, std::size_t fill = 20) {
  byte_buffer data{0xaf, 1};
  data.resize(data.size() + fill, 9);
  return tag(media::tag_type::audio, timestamp, std::move(data));
}

inline stream::log_identity identity(bool audio = true, bool video = true, std::uint64_t epoch_value = 1) {
  return {stream_key::parse("live/room1").value(), {epoch_value}, {audio, video}};
}

/// A log that is written and, beside it, every byte that was.
struct written_log {
  explicit written_log(stream::log_options options = {}, stream::log_identity id = identity())
      : log(std::move(id), options) {}

  void write(const byte_buffer& tags) {
    log.append(tags).value();
    all.insert(all.end(), tags.begin(), tags.end());
  }
  /// `seconds` of 25 pictures a second, a keyframe each second, and a sound beside each picture.
  void play(std::uint32_t from_ms, int seconds, std::size_t fill = 100) {
    for (int i = 0; i < seconds * 25; ++i) {
      auto at = from_ms + static_cast<std::uint32_t>(i) * 40;
      write(picture(at, i % 25 == 0, fill));
      write(sound(at));
    }
  }

  stream::log log;
  byte_buffer all;
};

} // namespace sluice::test
