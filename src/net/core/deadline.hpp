// A limit on a stretch of work: runs `expire` unless destroyed before. Owned by a coroutine or session, on
// its worker.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace sluice::net {

class deadline {
public:
  deadline(boost::asio::io_context& io, std::chrono::milliseconds limit, std::function<void()> expire)
      : timer_(io, limit), state_(std::make_shared<state>()) {
    state_->expire = std::move(expire);
    timer_.async_wait([s = state_](const boost::system::error_code& failure) {
      // A timer that fires in the same turn in which it is cancelled still reports success.
      if (failure || s->over) return;
      s->expired = true;
      s->expire();
    });
  }
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;
  ~deadline() { state_->over = true; }

  [[nodiscard]] bool expired() const noexcept { return state_->expired; }

private:
  struct state {
    bool over = false;
    bool expired = false;
    std::function<void()> expire;
  };

  boost::asio::steady_timer timer_;
  std::shared_ptr<state> state_;
};

} // namespace sluice::net
