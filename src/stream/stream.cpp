#include "stream/stream.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::stream {

stream::~stream() {
  finish(end_reason::stopped);
}

std::uint32_t stream::last_timestamp() const noexcept {
  return log_ ? log_->newest_timestamp() : last_timestamp_;
}

result<void> stream::begin(log_identity identity, std::uint64_t first, headers_ptr in_force,
                           std::uint64_t catch_up_to) {
  bool found_again = origin_lost_ && identity.log_epoch == last_epoch_;
  if (identity.log_epoch <= last_epoch_ && !found_again)
    return error{errc::stale, fmt::format("epoch {} of {} is not newer than {}", identity.log_epoch.value,
                                          key_.str(), last_epoch_.value)};
  if (log_) log_->end(end_reason::changed);
  origin_lost_ = false;
  last_epoch_ = identity.log_epoch;
  log_ = std::make_unique<log>(std::move(identity), options_, first, std::move(in_force));
  catch_up_to_ = catch_up_to;
  return {};
}

result<void> stream::commit(std::size_t n) {
  auto done = log_->commit(n);
  if (has_waiters() && ready()) wake_waiters();
  return done;
}

result<void> stream::append(byte_view tags) {
  auto done = log_->append(tags);
  if (has_waiters() && ready()) wake_waiters();
  return done;
}

void stream::finish(end_reason reason) {
  if (log_) {
    last_timestamp_ = log_->newest_timestamp();
    origin_lost_ = reason == end_reason::origin_lost;
    log_->end(reason);
    log_.reset();
  }
  fail_waiters({errc::not_live, fmt::format("{} ended: {}", key_.str(), name(reason))});
}

void stream::caught_up() {
  catch_up_to_ = 0;
  if (ready()) wake_waiters();
}

bool stream::ready() const noexcept {
  return log_ && log_->newest_join() != nullptr && log_->head() >= catch_up_to_;
}

std::uint64_t stream::when_ready(waiter w) {
  auto id = ++newest_waiter_;
  if (ready())
    w({});
  else
    waiters_.emplace(id, std::move(w));
  return id;
}

void stream::forget(std::uint64_t waiter_id) {
  waiters_.erase(waiter_id);
}

void stream::wake_waiters() {
  for (auto& [id, w] : std::exchange(waiters_, {}))
    w({});
}

void stream::fail_waiters(const error& why) {
  for (auto& [id, w] : std::exchange(waiters_, {}))
    w(why);
}

} // namespace sluice::stream
