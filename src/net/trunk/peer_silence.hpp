// For how long a peer has said nothing, as far as this side could hear it. A value of one connection, on its
// worker; time only enters as `now`.
#pragma once

#include "net/trunk/messages.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::net::trunk {

class peer_silence {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit peer_silence(time_point now) : heard_(now), ticked_(now) {}

  void heard(time_point now) noexcept { heard_ = now; }

  /// To be called at `tick_interval`. Where the call is late this side stood still, or had more to do than it
  /// could: what the peer said meanwhile waits to be read, so that time does not count.
  void tick(time_point now) noexcept {
    auto late = now - ticked_ - tick_interval;
    if (late > tick_interval) heard_ = std::min(now, heard_ + late);
    ticked_ = now;
  }

  [[nodiscard]] bool reaches(std::chrono::milliseconds limit, time_point now) const noexcept {
    return now - heard_ >= limit;
  }

private:
  time_point heard_, ticked_;
};

} // namespace sluice::net::trunk
