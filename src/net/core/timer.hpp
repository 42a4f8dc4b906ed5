// Calls a function once at a time to come, unless set again, cancelled or destroyed before. A plain Asio
// timer reports success even when it is cancelled in the very turn in which it falls due; this one never
// calls then. Its owner and the call are on one worker.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace sluice::net {

class timer {
public:
  using clock = std::chrono::steady_clock;

  explicit timer(boost::asio::io_context& io) : state_(std::make_shared<state>(io)) {}
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer() { cancel(); }

  /// Calls `task` at `due`, in place of an earlier one that has not been called yet.
  void at(clock::time_point due, std::function<void()> task) {
    auto turn = ++state_->turn;
    state_->armed = true;
    state_->due.expires_at(due);
    state_->due.async_wait([s = state_, turn, task = std::move(task)](const boost::system::error_code&) {
      if (s->turn != turn || !s->armed) return;
      s->armed = false;
      task();
    });
  }
  void after(clock::duration wait, std::function<void()> task) { at(clock::now() + wait, std::move(task)); }
  void cancel() {
    state_->armed = false;
    state_->due.cancel();
  }

  /// Whether a call is due.
  [[nodiscard]] bool armed() const noexcept { return state_->armed; }
  /// When; meaningful while `armed`.
  [[nodiscard]] clock::time_point due() const { return state_->due.expiry(); }

private:
  struct state {
    explicit state(boost::asio::io_context& io) : due(io) {}
    boost::asio::steady_timer due;
    std::uint64_t turn = 0;
    bool armed = false;
  };

  std::shared_ptr<state> state_;
};

} // namespace sluice::net
