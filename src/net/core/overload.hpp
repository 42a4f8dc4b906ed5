// Whether a worker has more to do than its core can: its timers are late, one after the other, for a while. A
// single late one is a machine that hung, not an overload. Pure; time enters as arguments.
#pragma once

#include <chrono>

namespace sluice::net {

struct overload_limits {
  using ms = std::chrono::milliseconds;
  ms lag{500};         ///< timers this late show an overload; 0: nothing does
  ms sustained{1'000}; ///< every timer for so long
  ms calm{2'000};      ///< it is over when no timer was later than half of `lag` for so long
};

class overload {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  explicit overload(overload_limits limits = {}) : limits_(limits) {}

  /// A timer that was due at `due` was called at `now`. True: that began or ended an overload.
  bool sample(time_point due, time_point now);
  [[nodiscard]] bool lasts() const noexcept { return lasts_; }

  /// So many late timers at least, however long the first one took.
  static constexpr int least_samples = 3;

private:
  bool begins(time_point due, time_point now);
  bool ends(time_point due, time_point now);

  overload_limits limits_;
  bool lasts_ = false;
  int samples_ = 0;    // late ones in a row before an overload, early ones in a row in it
  time_point since_{}; // of the first of them
};

} // namespace sluice::net
