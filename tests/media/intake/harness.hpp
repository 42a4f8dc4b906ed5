// Sample packets, and what an intake wrote as lines of text. For the intake's tests.
#pragma once

#include "media/intake/intake.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::media::testing {

using namespace std::string_view_literals;

constexpr auto avc_header = "\x17\0\0\0\0CONF-A"sv;
constexpr auto avc_header_2 = "\x17\0\0\0\0CONF-B"sv;
constexpr auto avc_key = "\x17\1\0\0\0KEY"sv;
constexpr auto avc_frame = "\x27\1\0\0\7INT"sv;
constexpr auto hevc_header = "\x90hvc1HCONF"sv;
constexpr auto hevc_key = "\x91hvc1\0\0\0HKEY"sv;
constexpr auto aac_header = "\xaf\0\x12\x10"sv;
constexpr auto aac_frame = "\xaf\1AAC"sv;
constexpr auto mp3_frame = "\x2fMP3"sv;
constexpr auto metadata = "\2\0\x0aonMetaData\3\0\0\x09"sv;

inline std::string describe(tag_type type, byte_view data) {
  auto info = classify(type, data);
  switch (info.kind) {
  case payload_kind::metadata:
    return "metadata";
  case payload_kind::audio_header:
  case payload_kind::video_header:
    return fourcc_text(info.codec) + " header";
  case payload_kind::video_key:
    return fourcc_text(info.codec) + " key";
  case payload_kind::audio_frame:
  case payload_kind::video_frame:
    return fourcc_text(info.codec);
  case payload_kind::other:
    break;
  }
  return "other";
}

/// The whole tags in `log`, as "<timestamp> <what>".
inline std::vector<std::string> tags(byte_view log) {
  std::vector<std::string> lines;
  while (!log.empty()) {
    auto header = parse_tag_header(log.first<tag_header_size>(), max_tag_data).value();
    lines.push_back(std::to_string(header.timestamp) + " " +
                    describe(header.type, log.subspan(tag_header_size, header.data_size)));
    log = log.subspan(header.total_size());
  }
  return lines;
}

inline intake::time_point at(std::int64_t ms) {
  return intake::time_point(std::chrono::milliseconds(1'000'000 + ms));
}

/// An intake with a clock, pushed to by short names.
struct bench {
  intake in{intake_options{}, 0};
  std::int64_t now = 0;

  bench() = default;
  explicit bench(std::uint32_t first, intake_options options = {}) : in(options, first) {}

  intake_verdict video(std::uint32_t timestamp, std::string_view data) {
    return in.push(tag_type::video, timestamp, as_bytes(data), at(now)).value();
  }
  intake_verdict audio(std::uint32_t timestamp, std::string_view data) {
    return in.push(tag_type::audio, timestamp, as_bytes(data), at(now)).value();
  }
  intake_verdict script(std::string_view data) {
    return in.push(tag_type::script, 0, as_bytes(data), at(now)).value();
  }
  intake_verdict wait(std::int64_t ms) {
    now += ms;
    return in.tick(at(now));
  }
  /// What was written since the last call.
  std::vector<std::string> written() {
    auto lines = tags(in.output());
    in.clear_output();
    return lines;
  }
  void succeed(std::uint32_t first) { in = in.successor(first); }

  /// Audio and video decided, at 0 ms, and the headers read away.
  void start_both() {
    video(0, avc_header);
    audio(0, aac_header);
    video(0, avc_key);
    written();
  }
};

using lines = std::vector<std::string>;
constexpr auto ok = intake_verdict::ok;
constexpr auto changed = intake_verdict::changed;
constexpr auto rollover = intake_verdict::rollover;

} // namespace sluice::media::testing
