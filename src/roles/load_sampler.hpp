// Rates from numbers that grow: how fast a node sends, and how much processor time it takes. Asked by each
// directory's link, on any thread; all get the same figures.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace sluice::roles {

/// Since the node's start.
struct load_totals {
  std::uint64_t sent_bytes = 0;
  std::uint64_t cpu_us = 0; ///< of all its workers
};

struct load_rates {
  std::uint64_t egress_bps = 0;
  std::uint32_t cpu_permille = 0; ///< of one core for each worker
};

class load_sampler {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit load_sampler(std::size_t workers) : workers_(workers) {}

  /// The rates over the last period, of at least `least_period`; zero in the first one.
  load_rates rates(const load_totals& totals, time_point now);

  static constexpr std::chrono::milliseconds least_period{900};

private:
  std::size_t workers_;
  std::mutex mutex_;
  bool begun_ = false;
  time_point since_{};
  load_totals then_;
  load_rates rates_;
};

} // namespace sluice::roles
