// How busy one worker is: how late its timers are, and how much processor time its thread takes. Runs on the
// worker; read from any thread.
#pragma once

#include "net/core/timer.hpp"
#include "net/core/worker.hpp"

#include <atomic>

namespace sluice::net {

class load_probe {
public:
  explicit load_probe(worker& at);
  /// Posts the end to the worker.
  ~load_probe();
  load_probe(const load_probe&) = delete;
  load_probe& operator=(const load_probe&) = delete;

  /// The latest timer of the last one to two seconds, microseconds.
  [[nodiscard]] std::uint32_t lag_us() const noexcept;
  /// Processor time of the worker's thread so far, microseconds; as of the last tenth of a second.
  [[nodiscard]] std::uint64_t cpu_us() const noexcept;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace sluice::net
