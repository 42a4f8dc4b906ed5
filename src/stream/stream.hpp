// A stream on one node: the log of its newest epoch, and those who wait for it. Home worker only.
#pragma once

#include "stream/log.hpp"

#include <functional>
#include <map>
#include <memory>

namespace sluice::stream {

class stream {
public:
  /// Called once, inside a call on the stream: it is ready for viewers, or why it will not be.
  using waiter = std::function<void(result<void>)>;

  stream(stream_key key, log_options options) : key_(std::move(key)), options_(options) {}
  ~stream();

  [[nodiscard]] const stream_key& key() const noexcept { return key_; }
  /// The log of the newest epoch, null while there is none or after its end.
  [[nodiscard]] class log* current() const noexcept { return log_.get(); }
  /// The newest epoch ever seen here, and the timestamp of its last tag.
  [[nodiscard]] epoch last_epoch() const noexcept { return last_epoch_; }
  [[nodiscard]] std::uint32_t last_timestamp() const noexcept;

  /// Starts the log of a new epoch; a present one ends as `changed`. `catch_up_to`: viewers wait until head
  /// is there. Error: `stale` when `identity.log_epoch` is not higher than `last_epoch()`; the epoch that
  /// ended here as `origin_lost` may come back.
  result<void> begin(log_identity identity, std::uint64_t first = 0, headers_ptr in_force = nullptr,
                     std::uint64_t catch_up_to = 0);
  /// Room for bytes; `commit` as in `log`. There must be a current log.
  std::span<std::uint8_t> tail() { return log_->tail(); }
  result<void> commit(std::size_t n);
  result<void> append(byte_view tags);
  /// Ends the current log, if any, and fails the waiters.
  void finish(end_reason reason);

  /// Stops waiting for the catch-up: viewers start with what is here.
  void caught_up();
  /// A log with a join point, caught up.
  [[nodiscard]] bool ready() const noexcept;
  /// Calls `w` as soon as the stream is ready (now, if it is) or `fail_waiters` is called. Returns what
  /// `forget` takes.
  std::uint64_t when_ready(waiter w);
  /// The waiter gave up: it is not called any more.
  void forget(std::uint64_t waiter_id);
  void fail_waiters(const error& why);
  [[nodiscard]] bool has_waiters() const noexcept { return !waiters_.empty(); }
  /// Whether a reader or a waiter needs this stream.
  [[nodiscard]] bool wanted() { return has_waiters() || (log_ && log_->has_readers()); }

private:
  void wake_waiters();

  stream_key key_;
  log_options options_;
  std::unique_ptr<log> log_;
  std::uint64_t catch_up_to_ = 0;
  epoch last_epoch_;
  bool origin_lost_ = false; ///< how the log of `last_epoch_` ended here
  std::uint32_t last_timestamp_ = 0;
  std::map<std::uint64_t, waiter> waiters_;
  std::uint64_t newest_waiter_ = 0;
};

} // namespace sluice::stream
