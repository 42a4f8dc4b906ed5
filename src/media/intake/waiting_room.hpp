// Holds a publisher's first packets until its tracks are decided. Owned by one intake; its thread only.
#pragma once

#include "media/intake/packet.hpp"
#include "media/intake/source.hpp"

#include <deque>
#include <optional>

namespace sluice::media {

/// A packet that owns its data.
class held_packet {
public:
  explicit held_packet(const packet& tag) : tag_(tag), data_(tag.data.begin(), tag.data.end()) {
    tag_.data = {};
  }

  [[nodiscard]] packet view() const noexcept {
    auto tag = tag_;
    tag.data = data_;
    return tag;
  }
  /// Bytes held, bookkeeping included.
  [[nodiscard]] std::size_t cost() const noexcept { return sizeof(held_packet) + data_.size(); }

private:
  packet tag_;
  byte_buffer data_;
};

class waiting_room {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// What became of a packet that is not held.
  enum class outcome : std::uint8_t { taken, without_header, discarded };

  /// Learns the publisher's tracks and headers from `tag`, and holds it if it is a frame, or a header that
  /// follows held frames.
  outcome take(const packet& tag);
  /// Holds `tag` unseen, behind the others.
  void append(const packet& tag);

  /// The publisher's tracks and the headers its first frames need.
  [[nodiscard]] const source& known() const noexcept { return known_; }
  /// Starts with tracks, if any, that are known already.
  void expect(source tracks, std::optional<time_point> since) {
    known_ = std::move(tracks);
    if (known_.any_track()) known_since_ = since;
  }
  /// When the first track became known.
  [[nodiscard]] std::optional<time_point> known_since() const noexcept { return known_since_; }
  /// The lowest timestamp among the held frames near the first; nothing without frames.
  [[nodiscard]] std::optional<std::uint32_t> lowest_timestamp() const noexcept;

  [[nodiscard]] bool empty() const noexcept { return held_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return held_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] packet front() const noexcept { return held_.front().view(); }
  void pop_front() noexcept;
  /// Packets thrown away because their track's codec changed while they were held.
  [[nodiscard]] std::uint64_t replaced() const noexcept { return replaced_; }
  /// Forgets tracks and headers, not the packets.
  void forget_tracks() noexcept;

private:
  outcome take_frame(const packet& tag);
  outcome take_header(const packet& tag);
  void start_track(const packet& tag);
  [[nodiscard]] bool holds(tag_type type) const noexcept;

  source known_;
  std::optional<time_point> known_since_;
  std::deque<held_packet> held_;
  std::size_t bytes_ = 0;
  std::uint64_t replaced_ = 0;
};

} // namespace sluice::media
