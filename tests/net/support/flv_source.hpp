// Makes plausible FLV tags for tests of the data plane: AVC and AAC headers, then frames of varying size,
// a keyframe now and then. The same seed makes the same bytes.
#pragma once

#include "media/flv/tag.hpp"

namespace sluice::test {

class flv_source {
public:
  explicit flv_source(std::uint32_t seed = 1) : random_(seed) {}

  /// Metadata and sequence headers.
  byte_buffer start() {
    byte_buffer out;
    const std::uint8_t metadata[] = {2, 0, 10, 'o', 'n', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a', 5};
    media::append_tag(out, media::tag_type::script, 0, metadata);
    const std::uint8_t avc[] = {0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1};
    media::append_tag(out, media::tag_type::video, 0, avc);
    const std::uint8_t aac[] = {0xaf, 0, 0x12, 0x10};
    media::append_tag(out, media::tag_type::audio, 0, aac);
    return out;
  }

  /// One picture and the audio beside it; every tenth is a keyframe, larger than the others.
  byte_buffer frame() {
    bool key = frames_++ % 10 == 0;
    byte_buffer out;
    tag(out, media::tag_type::video, {static_cast<std::uint8_t>(key ? 0x17 : 0x27), 1, 0, 0, 0},
        key ? 20'000 + next() % 100'000 : 500 + next() % 3'000);
    tag(out, media::tag_type::audio, {0xaf, 1}, 100 + next() % 200);
    timestamp_ += 40;
    return out;
  }

  byte_buffer frames(int count) {
    byte_buffer out;
    for (int i = 0; i < count; ++i) {
      auto one = frame();
      out.insert(out.end(), one.begin(), one.end());
    }
    return out;
  }

  [[nodiscard]] std::uint32_t timestamp() const noexcept { return timestamp_; }

private:
  std::uint32_t next() { return random_ = random_ * 1'664'525 + 1'013'904'223; }

  void tag(byte_buffer& out, media::tag_type type, byte_buffer data, std::size_t size) {
    while (data.size() < size)
      data.push_back(static_cast<std::uint8_t>(next() >> 24));
    media::append_tag(out, type, timestamp_, data);
  }

  std::uint32_t random_;
  std::uint32_t frames_ = 0, timestamp_ = 0;
};

} // namespace sluice::test
