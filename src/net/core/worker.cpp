#include "net/core/worker.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>

namespace sluice::net {

void worker::post(std::function<void()> task) {
  asio::post(io_, std::move(task));
}

worker_pool::worker_pool(std::size_t count, std::string name, logger log, std::size_t first_index,
                         flush_limits flushes)
    : name_(std::move(name)), log_(std::move(log)) {
  for (std::size_t i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<worker>(first_index + i, flushes));
}

worker_pool::~worker_pool() {
  stop();
}

void worker_pool::start() {
  running_ = workers_.size();
  for (auto& w : workers_) {
    guards_.emplace_back(asio::make_work_guard(w->io()));
    threads_.emplace_back([this, &w = *w] { run(w); });
  }
}

void worker_pool::run(worker& w) {
  pthread_setname_np(pthread_self(), fmt::format("{}/{}", name_, w.index()).substr(0, 15).c_str());
  for (bool more = true; more;) {
    try {
      w.io().run();
      more = false;
    } catch (const std::exception& e) {
      // A handler that throws is a bug; its connection is gone, the others of this worker go on.
      log_.error("exception in a handler", "worker", w.index(), "what", e.what());
    }
  }
  std::lock_guard lock(mutex_);
  --running_;
  ended_.notify_all();
}

void worker_pool::stop(std::chrono::milliseconds grace) {
  if (threads_.empty()) return;
  guards_.clear();
  {
    std::unique_lock lock(mutex_);
    if (!ended_.wait_for(lock, grace, [this] { return running_ == 0; }))
      log_.warn("cutting off what did not end in time", "workers", running_);
  }
  for (auto& w : workers_)
    w->io().stop();
  for (auto& t : threads_)
    t.join();
  threads_.clear();
}

worker& worker_pool::home(const stream_key& key) noexcept {
  return *workers_[std::hash<stream_key>{}(key) % workers_.size()];
}

} // namespace sluice::net
