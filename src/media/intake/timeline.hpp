// From the publishers' timestamps to the log's: one shift for the whole log, changed only at a discontinuity,
// so that audio and video keep their distance. Owned by one intake; its thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace sluice::media {

enum class track : std::uint8_t { audio, video };

/// A track that steps back further than this (ms) is a discontinuity; a smaller step is a tag to clamp.
constexpr std::int64_t max_backward_ms = 1000;
/// A tag further ahead of the newest one than this (ms) is a discontinuity.
constexpr std::int64_t max_forward_ms = 10'000;
/// The last log timestamp given out (ms): a day before 2^31, where players' clocks end.
constexpr std::uint32_t last_log_timestamp = 0x7fffffff - 24u * 60 * 60 * 1000;

class timeline {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// The log's first frame gets `first_timestamp` (ms), or 0 when that lies beyond `last_log_timestamp`.
  explicit timeline(std::uint32_t first_timestamp) noexcept;

  /// A publisher begins (the first, or one after `interrupt`): `lowest`, the lowest timestamp among its first
  /// tags, goes where the log begins; in a log already begun, after the newest tag by as much time as passed
  /// since that one arrived. Without this call its first frame serves.
  void begin(std::uint32_t lowest, time_point arrived) noexcept;

  /// The publisher is gone; the next one has a clock of its own.
  void interrupt() noexcept { anchored_ = false; }

  /// The log timestamp (ms) of a frame that arrived at `now` with `timestamp` (32 bits, may wrap). Greater
  /// than every earlier one of its track. Nothing when it would pass `last_log_timestamp`: the log ends.
  std::optional<std::uint32_t> place(track which, std::uint32_t timestamp, time_point now) noexcept;

  /// The log timestamp of a tag that is no frame (headers, end of sequence): that of its track's last frame.
  [[nodiscard]] std::uint32_t of_header(track which) const noexcept;
  /// The greatest log timestamp so far; the first one to come when there is none.
  [[nodiscard]] std::uint32_t newest() const noexcept;

  /// Times the shift changed, a returning publisher not counted.
  [[nodiscard]] std::uint64_t discontinuities() const noexcept { return discontinuities_; }
  /// Frames moved to just after their track's last (ties and small backward steps).
  [[nodiscard]] std::uint64_t clamped() const noexcept { return clamped_; }

private:
  struct track_state {
    std::optional<std::int64_t> newest_input; // since the shift last changed
    std::int64_t last = 0;                    // log timestamp
  };

  [[nodiscard]] std::int64_t unwrap(std::uint32_t timestamp) const noexcept;
  [[nodiscard]] bool is_jump(const track_state& state, std::int64_t input) const noexcept;
  [[nodiscard]] std::int64_t after_newest(time_point now) const noexcept;
  void anchor(std::int64_t input, std::int64_t at) noexcept;

  std::int64_t first_;
  std::int64_t newest_;           // log timestamp; first_ - 1 before the first frame
  std::int64_t newest_input_ = 0; // unwrapped
  std::int64_t shift_ = 0;        // log = input + shift
  time_point newest_arrived_{};   // of the last frame placed
  std::array<track_state, 2> tracks_;
  bool anchored_ = false;
  std::uint64_t discontinuities_ = 0;
  std::uint64_t clamped_ = 0;
};

} // namespace sluice::media
