#include "media/intake/timeline.hpp"

#include <algorithm>

namespace sluice::media {

timeline::timeline(std::uint32_t first_timestamp) noexcept
    : first_(first_timestamp <= last_log_timestamp ? first_timestamp : 0), newest_(first_ - 1) {
  for (auto& state : tracks_)
    state.last = newest_;
}

// The 64-bit value nearest to the newest input that ends in these 32 bits.
std::int64_t timeline::unwrap(std::uint32_t timestamp) const noexcept {
  auto step = static_cast<std::int32_t>(timestamp - static_cast<std::uint32_t>(newest_input_));
  return newest_input_ + step;
}

// The other track may lag far behind without a fault, so a step back counts within a track; what a track's
// first tag after a change of the shift may lag is bounded like a jump forward.
bool timeline::is_jump(const track_state& state, std::int64_t input) const noexcept {
  if (input - newest_input_ > max_forward_ms) return true;
  if (state.newest_input) return *state.newest_input - input > max_backward_ms;
  return newest_input_ - input > max_forward_ms;
}

std::int64_t timeline::after_newest(time_point now) const noexcept {
  auto absence = std::chrono::duration_cast<std::chrono::milliseconds>(now - newest_arrived_).count();
  return newest_ + std::max<std::int64_t>(absence, 1);
}

void timeline::anchor(std::int64_t input, std::int64_t at) noexcept {
  newest_input_ = input;
  shift_ = at - input;
  for (auto& state : tracks_)
    state.newest_input.reset();
  anchored_ = true;
}

void timeline::begin(std::uint32_t lowest, time_point arrived) noexcept {
  bool fresh = newest_ < first_;
  anchor(lowest, fresh ? first_ : after_newest(arrived));
}

std::optional<std::uint32_t> timeline::place(track which, std::uint32_t timestamp, time_point now) noexcept {
  if (!anchored_) begin(timestamp, now);
  auto& state = tracks_[static_cast<std::size_t>(which)];
  auto input = unwrap(timestamp);
  if (is_jump(state, input)) {
    ++discontinuities_;
    anchor(input, after_newest(now));
  }
  auto at = input + shift_;
  if (at <= state.last) {
    ++clamped_;
    at = state.last + 1;
  }
  if (at > last_log_timestamp) return std::nullopt;
  newest_input_ = std::max(newest_input_, input);
  state.newest_input = std::max(state.newest_input.value_or(input), input);
  state.last = at;
  newest_ = std::max(newest_, at);
  newest_arrived_ = now;
  return static_cast<std::uint32_t>(at);
}

std::uint32_t timeline::of_header(track which) const noexcept {
  return static_cast<std::uint32_t>(std::max(first_, tracks_[static_cast<std::size_t>(which)].last));
}

std::uint32_t timeline::newest() const noexcept {
  return static_cast<std::uint32_t>(std::max(first_, newest_));
}

} // namespace sluice::media
