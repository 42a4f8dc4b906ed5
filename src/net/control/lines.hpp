// The proven connections of a guard, whoever holds them: tells the silent ones from the living, and ends all
// when the guard closes. Lives as long as the guard or a connection. Any thread; sweeps are on the guard's
// worker.
#pragma once

#include "base/logging.hpp"
#include "net/control/guard_options.hpp"
#include "net/core/unique_fd.hpp"
#include "plane/ports.hpp"

#include <memory>
#include <mutex>
#include <set>

namespace sluice::net {

class control_lines : public std::enable_shared_from_this<control_lines> {
public:
  control_lines(std::shared_ptr<guard_counters> counters, std::chrono::milliseconds idle_limit, logger log)
      : counters_(std::move(counters)), idle_limit_(idle_limit), log_(std::move(log)) {}

  /// `peer` is its name in the log.
  plane::control_line_ptr add(unique_fd connected, std::string peer);

  /// How often to sweep. Silence is counted in sweeps, so that a process that was stopped for a while does
  /// not take its own absence for that of its peers.
  [[nodiscard]] std::chrono::microseconds sweep_period() const;
  /// Shuts down the connections on which nothing came for the idle limit.
  void sweep();
  /// Shuts all down.
  void end_all();

private:
  class line;

  const std::shared_ptr<guard_counters> counters_;
  const std::chrono::milliseconds idle_limit_;
  logger log_;
  std::mutex mutex_; ///< guards the set, and that no member of it closes its descriptor meanwhile
  std::set<line*> open_;
};

} // namespace sluice::net
