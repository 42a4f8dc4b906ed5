// A reply owed: whoever holds it answers at most once, and when nobody did, its destruction answers
// `closed`. So a caller hears exactly once, whatever dies in between. Any thread.
#pragma once

#include "plane/ports.hpp"

#include <atomic>
#include <memory>

namespace sluice::plane {

template <class T>
class pending_reply {
public:
  /// `caller` must outlive this.
  pending_reply(executor& caller, reply<T> done) : caller_(caller), done_(std::move(done)) {}
  pending_reply(const pending_reply&) = delete;
  pending_reply& operator=(const pending_reply&) = delete;
  ~pending_reply() { send(error{errc::closed, "the node is shutting down"}); }

  /// Posts the answer to the caller's executor. False when it was answered before: then nothing happens.
  bool send(result<T> answer) {
    if (answered_.exchange(true)) return false;
    caller_.post(
        [done = std::move(done_), answer = std::move(answer)]() mutable { done(std::move(answer)); });
    return true;
  }

  [[nodiscard]] bool answered() const noexcept { return answered_.load(); }

private:
  executor& caller_;
  reply<T> done_;
  std::atomic<bool> answered_{false};
};

template <class T>
using pending_reply_ptr = std::shared_ptr<pending_reply<T>>;

template <class T>
pending_reply_ptr<T> make_pending(executor& caller, reply<T> done) {
  return std::make_shared<pending_reply<T>>(caller, std::move(done));
}

} // namespace sluice::plane
