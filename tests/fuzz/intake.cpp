// An intake fed by a script of packets, departures and pauses: what it writes must be a log players can play.
#include "media/intake/intake.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace {

using namespace sluice;
using namespace sluice::media;

void expect(bool holds) {
  if (!holds) std::abort();
}

// The rules of a log, checked tag by tag.
class log_checker {
public:
  void check(const intake& in) {
    auto log = in.output();
    expect(log.empty() || in.decided());
    while (!log.empty()) {
      expect(log.size() >= tag_overhead);
      auto header = parse_tag_header(log.first<tag_header_size>(), max_tag_data);
      expect(header.has_value() && header->total_size() <= log.size());
      check_tag(in, *header, log.subspan(tag_header_size, header->data_size));
      log = log.subspan(header->total_size());
    }
    expect(in.newest_timestamp() <= last_log_timestamp);
  }

private:
  void check_tag(const intake& in, const tag_header& header, byte_view data) {
    expect(!data.empty());
    if (header.type == tag_type::script) return;
    auto info = classify(header.type, data);
    bool video = header.type == tag_type::video;
    expect(info.codec != 0);
    expect(video ? in.has_video() : in.has_audio());
    auto& track_of = tracks_[video];
    auto at = std::int64_t{header.timestamp};
    switch (info.kind) {
    case payload_kind::audio_header:
    case payload_kind::video_header:
      track_of.has_header = true;
      [[fallthrough]];
    case payload_kind::other:
      expect(at >= track_of.last);
      break;
    default:
      expect(info.codec == in.codec(video ? track::video : track::audio));
      expect(at > track_of.last || (at == 0 && track_of.last == 0 && !track_of.has_frame));
      expect(track_of.has_header || !needs_sequence_header(info.codec));
      track_of.has_frame = true;
      track_of.last = at;
    }
  }

  struct track_state {
    std::int64_t last = 0;
    bool has_header = false;
    bool has_frame = false;
  };
  std::array<track_state, 2> tracks_;
};

constexpr std::size_t tag_limit = 300;
constexpr std::size_t held_limit = 2000;

const std::array<std::string_view, 16> samples{{
    {"\x17\0\0\0\0CONF", 9},
    {"\x17\1\0\0\0KEY", 8},
    {"\x27\1\0\0\7INT", 8},
    {"\x90hvc1HCONF", 10},
    {"\x91hvc1\0\0\0HKEY", 12},
    {"\xaf\0\x12\x10", 4},
    {"\xaf\1AAC", 5},
    {"\x2fMP3", 4},
    {"\x90OpusHEAD", 9},
    {"\x91OpusPKT", 8},
    {"\2\0\x0aonMetaData\3", 14},
    {"\x90mp4a\x12\x10", 7},
    {"\x93"
     "avc1NAL",
     8},
    {"\x17\0\0\0\0CON2", 9},
    {"\x12KEY", 4},
    {"\x17\2\0\0\0", 5},
}};

class driver {
public:
  explicit driver(byte_view script) : script_(script) {
    options_.max_tag_data = tag_limit;
    options_.max_held = held_limit;
  }

  void run() {
    intake in(options_, first_timestamp());
    log_checker checker;
    while (script_.ok() && script_.remaining() > 0) {
      auto verdict = step(in);
      checker.check(in);
      in.clear_output();
      auto all = in.summary();
      expect(all.bytes >= all.tags * tag_overhead);
      if (verdict == intake_verdict::ok || script_.u8() % 4 == 0) continue;
      in = in.successor(first_timestamp());
      checker = log_checker();
      checker.check(in);
      in.clear_output();
    }
  }

private:
  std::uint32_t first_timestamp() {
    auto choice = script_.u8();
    return choice < 128 ? choice : last_log_timestamp - (choice - 128u) * 100u;
  }

  intake_verdict step(intake& in) {
    auto op = script_.u8();
    now_ += std::chrono::milliseconds((op >> 4) * 7);
    if (op % 16 == 15) {
      now_ += std::chrono::milliseconds(script_.u16());
      return in.tick(now_);
    }
    if (op % 16 == 14) {
      in.publisher_left();
      return in.tick(now_);
    }
    return push(in, op);
  }

  intake_verdict push(intake& in, std::uint8_t op) {
    auto clock = script_.u8();
    if (clock < 200)
      timestamp_ += clock - 20u;
    else
      timestamp_ = script_.u32();
    auto what = script_.u8();
    byte_view data = as_bytes(samples[what % samples.size()]);
    auto type = std::array{tag_type::audio, tag_type::video, tag_type::script}[op % 3];
    if (what >= 128)
      data = script_.take(std::min<std::size_t>(script_.u8() * std::size_t{2}, script_.remaining()));
    auto verdict = in.push(type, timestamp_, data, now_);
    if (verdict) return *verdict;
    expect(data.size() > tag_limit || verdict.error().code != errc::too_large);
    return in.tick(now_);
  }

  byte_reader script_;
  intake_options options_;
  intake::time_point now_{};
  std::uint32_t timestamp_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  byte_view input(bytes, size);
  driver(input).run();
  auto metadata = as_bytes(samples[10]);
  byte_buffer hints(metadata.begin(), metadata.end());
  hints.insert(hints.end(), input.begin(), input.end());
  expect(read_picture_hints(hints).framerate >= 0);
  return 0;
}
