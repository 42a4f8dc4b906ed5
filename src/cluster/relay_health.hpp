// How the relays behaved toward this node, shared by all its streams on all its workers: who failed lately,
// and who is not to be dialled yet. One per node; any thread.
#pragma once

#include "base/ids.hpp"

#include <chrono>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sluice::cluster {

class relay_health {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `seed` jitters the back-off, so that many nodes do not return to a relay at the same moment.
  explicit relay_health(std::uint64_t seed) : random_(seed) {}

  /// A connection to `relay` could not be made, fell silent or broke: it is suspect for `suspect_for`, and
  /// blocked for 100 ms, doubling up to 1 s while failures follow one another (each +-25 %).
  void failed(const node_id& relay, time_point now);
  /// `relay` serves: all is forgiven.
  void heard(const node_id& relay);
  /// `relay` answered one of this node's streams: it may be dialled, and is suspect as before.
  void answered(const node_id& relay, time_point now);

  /// Whether it may be dialled now.
  [[nodiscard]] bool usable(const node_id& relay, time_point now) const;
  /// Whether others are to be preferred.
  [[nodiscard]] bool suspect(const node_id& relay, time_point now) const;
  /// Whether it answered any of this node's streams at `since` or later.
  [[nodiscard]] bool answered_since(const node_id& relay, time_point since) const;

  /// The relays that fail for this node: suspect now, the longest failing first, at most `max_reported`.
  [[nodiscard]] std::vector<node_id> failing(time_point now) const;

  static constexpr std::chrono::milliseconds first_block{100};
  static constexpr std::chrono::milliseconds longest_block{1000};
  static constexpr std::chrono::seconds suspect_for{5};
  /// Marks kept; beyond it the ones that ended are dropped, then new ones are not taken.
  static constexpr std::size_t max_marks = 10'000;
  static constexpr std::size_t max_reported = 64;

private:
  struct mark {
    std::uint32_t failures = 0;
    time_point since; ///< of the first failure in a row
    time_point blocked_until;
    time_point suspect_until;
  };

  mutable std::mutex mutex_;
  std::unordered_map<node_id, mark> marks_;
  std::unordered_map<node_id, time_point> answered_; ///< last; at most `max_marks`
  std::uint64_t random_;
};

/// `base` doubled `doublings` times, at most `limit`, then +-25 % by `random`, which moves on (splitmix64).
std::chrono::milliseconds backoff(std::chrono::milliseconds base, std::chrono::milliseconds limit,
                                  std::uint32_t doublings, std::uint64_t& random);

} // namespace sluice::cluster
