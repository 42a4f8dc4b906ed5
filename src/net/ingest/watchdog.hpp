// Ends a connection that shows no progress. On the connection's worker.
#pragma once

#include "net/core/socket.hpp"

#include <boost/asio/steady_timer.hpp>

namespace sluice::net {

/// Calls `expired` once when `rest` was not called for the limit. Destroying it disarms it.
class watchdog {
public:
  watchdog(worker& at, std::function<void()> expired)
      : state_(std::make_shared<state>(at, std::move(expired))) {}
  ~watchdog() {
    if (state_) state_->disarm();
  }
  watchdog(watchdog&&) = default;
  watchdog& operator=(watchdog&&) = delete;

  /// Progress was made: the next is due within `limit`.
  void rest(std::chrono::steady_clock::duration limit) {
    state_->due = std::chrono::steady_clock::now() + limit;
    if (!state_->armed) state_->arm(state_);
  }

private:
  struct state {
    state(worker& at, std::function<void()> f) : timer(at.io()), expired(std::move(f)) {}

    // One wait at a time: progress only moves `due`, which costs no timer operation.
    void arm(const std::shared_ptr<state>& self) {
      armed = true;
      timer.expires_at(due);
      timer.async_wait([self](boost::system::error_code) {
        if (!self->expired) return;
        if (std::chrono::steady_clock::now() < self->due) return self->arm(self);
        std::exchange(self->expired, nullptr)();
      });
    }
    void disarm() {
      expired = nullptr;
      timer.cancel();
    }

    asio::steady_timer timer;
    std::function<void()> expired;
    std::chrono::steady_clock::time_point due;
    bool armed = false;
  };

  std::shared_ptr<state> state_;
};

} // namespace sluice::net
