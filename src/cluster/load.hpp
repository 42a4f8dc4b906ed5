// How busy a relay is, as a number of 4 bits that does not flap: smoothed over a few reports, and changed
// only when the load has clearly left its step. Values; any thread.
#pragma once

#include "cluster/model.hpp"

#include <chrono>
#include <optional>
#include <unordered_map>

namespace sluice::cluster {

/// Per relay, 0 (idle) to 15 (full).
using relay_loads = std::unordered_map<node_id, std::uint8_t>;

/// Taken for a relay of weight 1 that does not know its capacity.
constexpr double assumed_capacity_bps = 1e9;
/// Timers that are so late make a relay count as full.
constexpr double full_loop_lag_us = 100'000;

/// The part of a relay's capacity that is used: the worst of egress, CPU and loop lag; 1 is full.
double utilisation(const load_report& load, double weight) noexcept;

class load_meter {
public:
  using time_point = std::chrono::steady_clock::time_point;

  void report(double utilisation, time_point now) noexcept;
  /// 0 to 15, in sixteenths of the capacity.
  [[nodiscard]] std::uint8_t level() const noexcept { return level_; }

private:
  std::optional<time_point> last_;
  double smooth_ = 0;
  std::uint8_t level_ = 0;
};

/// The digest of `list` with the loads known; 0 for a relay without one.
load_digest pack_loads(const snapshot& list, const relay_loads& known);
/// Per relay what `loads` says; empty when it belongs to another list.
relay_loads unpack_loads(const snapshot& list, const load_digest& loads);
/// Puts the loads known into an enumeration.
void apply_loads(enumeration& into, const relay_loads& known);

} // namespace sluice::cluster
