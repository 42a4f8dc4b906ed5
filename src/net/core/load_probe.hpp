// How busy one worker is: how late its timers are, whether that is an overload, and how much processor time
// its thread takes. Says in the log when an overload begins and ends. Runs on the worker; read from any
// thread.
#pragma once

#include "base/logging.hpp"
#include "net/core/overload.hpp"
#include "net/core/timer.hpp"
#include "net/core/worker.hpp"

#include <atomic>

namespace sluice::net {

class load_probe {
public:
  explicit load_probe(worker& at, overload_limits limits = {}, logger log = {});
  /// As `stop`.
  ~load_probe();
  load_probe(const load_probe&) = delete;
  load_probe& operator=(const load_probe&) = delete;

  /// Measures no more; what it found last can still be asked. Posted to the worker. Idempotent.
  void stop();

  /// The latest timer of the last one to two seconds, microseconds.
  [[nodiscard]] std::uint32_t lag_us() const noexcept;
  /// The worker has more to do than its core can.
  [[nodiscard]] bool overloaded() const noexcept;
  /// Processor time of the worker's thread so far, microseconds; as of the last tenth of a second.
  [[nodiscard]] std::uint64_t cpu_us() const noexcept;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace sluice::net
