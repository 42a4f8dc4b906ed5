// The threads of a node's data plane: N workers, each one io_context and one thread. A connection lives and
// dies on its worker, so sessions need neither strands nor mutexes.
#pragma once

#include "base/ids.hpp"
#include "base/logging.hpp"
#include "net/core/counters.hpp"
#include "net/core/flush_pace.hpp"
#include "plane/ports.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice::net {

namespace asio = boost::asio;

class worker final : public plane::executor {
public:
  explicit worker(std::size_t index, flush_limits flushes = {}) : index_(index), pace_(flushes), io_(1) {}

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  asio::io_context& io() noexcept { return io_; }
  void post(std::function<void()> task) override;
  /// This worker's own counters: written on its thread only.
  worker_counters& counters() noexcept { return counters_; }
  [[nodiscard]] const worker_counters& counters() const noexcept { return counters_; }
  /// How often its audiences send; on its thread only.
  flush_pace& pace() noexcept { return pace_; }

private:
  std::size_t index_;
  flush_pace pace_;
  worker_counters counters_;
  asio::io_context io_;
};

/// Owns the workers and their threads. Threads run from `start` to `stop`.
class worker_pool {
public:
  /// `count` >= 1 workers, numbered from `first_index` on; `name` prefixes the threads' names (15 characters
  /// are kept).
  worker_pool(std::size_t count, std::string name, logger log, std::size_t first_index = 0,
              flush_limits flushes = {});
  ~worker_pool();
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  void start();
  /// Lets the loops end: each thread ends when its last operation has, so everything that holds sockets and
  /// timers must have been told to stop before. What is left after `grace` is cut off. Idempotent.
  void stop(std::chrono::milliseconds grace = std::chrono::milliseconds{2'000});

  [[nodiscard]] std::size_t size() const noexcept { return workers_.size(); }
  worker& at(std::size_t index) noexcept { return *workers_[index]; }
  /// The worker on which the single writer of a stream's log runs.
  worker& home(const stream_key& key) noexcept;

private:
  void run(worker& w);

  std::string name_;
  logger log_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::thread> threads_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t running_ = 0;
};

} // namespace sluice::net
