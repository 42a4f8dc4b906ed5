// How often a worker's audiences send: each picture at once while its core has room, longer batches as the
// core fills. The price of a viewer is its sends, hardly its bytes, so a batch of three pictures costs little
// more than one. One per worker, on its thread; time enters as arguments.
#pragma once

#include <chrono>

namespace sluice::net {

struct flush_limits {
  using ms = std::chrono::milliseconds;
  ms least{0};  ///< between two flushes of an audience, always
  ms most{100}; ///< the longest that a full core makes a viewer wait; at least `least`
};

class flush_pace {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  explicit flush_pace(flush_limits limits = {}) : limits_(limits), gap_(limits.least) {}

  /// The time to leave between two flushes of one audience.
  [[nodiscard]] duration gap() const noexcept { return gap_; }
  /// Whether it is time for the next `sample`.
  [[nodiscard]] bool due(time_point now) const noexcept { return now - sampled_ >= sample_every; }
  /// What the worker's thread has used of its core, in all, by now.
  void sample(time_point now, std::chrono::nanoseconds used);

  static constexpr std::chrono::milliseconds sample_every{50};
  /// Above `full` the gap grows, below `roomy` it shrinks, by a fifth, which adds at most a quarter to the
  /// load: the two are further apart than that, or the gap would swing.
  static constexpr double full = 0.75, roomy = 0.58;
  /// The first gap that makes a difference at 60 pictures a second.
  static constexpr std::chrono::milliseconds first_gap{20};

private:
  flush_limits limits_;
  duration gap_;
  time_point sampled_{};
  std::chrono::nanoseconds used_{};
};

/// The CPU time the calling thread has used.
std::chrono::nanoseconds thread_cpu_time() noexcept;

} // namespace sluice::net
