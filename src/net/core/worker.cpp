#include "net/core/worker.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <pthread.h>

namespace sluice::net {

void worker::post(std::function<void()> task) {
  asio::post(io_, std::move(task));
}

worker_pool::worker_pool(std::size_t count, std::string name, logger log)
    : name_(std::move(name)), log_(log) {
  for (std::size_t i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<worker>(i));
}

worker_pool::~worker_pool() {
  stop();
}

void worker_pool::start() {
  for (auto& w : workers_)
    threads_.emplace_back([this, &w = *w] { run(w); });
}

void worker_pool::run(worker& w) {
  pthread_setname_np(pthread_self(), fmt::format("{}/{}", name_, w.index()).substr(0, 15).c_str());
  auto work = asio::make_work_guard(w.io());
  for (;;) {
    try {
      w.io().run();
      return;
    } catch (const std::exception& e) {
      // A handler that throws is a bug; its connection is gone, the others of this worker go on.
      log_.error("exception in a handler", "worker", w.index(), "what", e.what());
    }
  }
}

void worker_pool::stop() {
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
