// Calls a task at an interval until destroyed; the task may destroy its ticker. On one worker.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>

namespace sluice::net::trunk {

class ticker {
public:
  ticker(boost::asio::io_context& io, std::chrono::milliseconds interval, std::function<void()> task)
      : state_(std::make_shared<state>(io, interval, std::move(task))) {
    arm(state_);
  }
  ticker(const ticker&) = delete;
  ticker& operator=(const ticker&) = delete;
  ~ticker() {
    state_->over = true;
    state_->timer.cancel();
  }

private:
  struct state {
    state(boost::asio::io_context& io, std::chrono::milliseconds every, std::function<void()> f)
        : timer(io), interval(every), task(std::move(f)) {}
    boost::asio::steady_timer timer;
    std::chrono::milliseconds interval;
    std::function<void()> task;
    bool over = false;
  };

  static void arm(const std::shared_ptr<state>& s) {
    s->timer.expires_after(s->interval);
    s->timer.async_wait([s](const boost::system::error_code& cancelled) {
      if (cancelled || s->over) return;
      s->task();
      if (!s->over) arm(s);
    });
  }

  std::shared_ptr<state> state_;
};

} // namespace sluice::net::trunk
