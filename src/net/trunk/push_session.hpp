// One connection of a push: dials a relay, says which log, and sends it from where the relay stands. Owned by
// its `pushed_stream`, on the stream's home worker.
#pragma once

#include "net/trunk/handshake.hpp"
#include "net/trunk/log_sender.hpp"
#include "net/trunk/peer_silence.hpp"
#include "net/trunk/ticker.hpp"

namespace sluice::net::trunk {

struct push_options {
  /// Connect, upgrade and the relay's hello together; doubles with each failure in a row ...
  std::chrono::milliseconds connect_limit{300};
  std::chrono::milliseconds longest_connect_limit{2'400}; ///< ... up to this
  std::chrono::milliseconds silence_limit{600};           ///< a relay without a tick for so long is frozen
  std::chrono::milliseconds write_limit{10'000}; ///< a write that makes no progress for so long ends it
  std::chrono::milliseconds first_wait{100};     ///< before the next try, doubling ...
  std::chrono::milliseconds longest_wait{1'000}; ///< ... up to this, each +-25 %
  /// A relay that has not taken the push for so long has another stand in for it.
  std::chrono::milliseconds stand_in_after{2'500};
  std::chrono::milliseconds ask_again{1'000};     ///< after directories and snapshot had no answer
  std::chrono::milliseconds ask_jitter{500};      ///< spread of the questions after a new snapshot
  std::chrono::milliseconds release_limit{3'000}; ///< a relay that was released is still fed so long
  std::chrono::milliseconds end_limit{2'000};     ///< for the rest of a log and its `end` to go out
  /// A relay knows a newer epoch of the key than the one pushed. On the key's home worker.
  std::function<void(const stream_key&, epoch newest)> stale;
};

/// The log that is pushed.
struct push_source {
  std::shared_ptr<audience> log;
  stream_status told; ///< codecs and picture size
};

class push_session;

/// What a push tells its owner, which may drop it inside a call.
class push_user {
public:
  virtual ~push_user() = default;
  /// The relay takes bytes now.
  virtual void on_flowing(push_session& from) = 0;
  /// The relay has everything the log retained when it began to take bytes.
  virtual void on_caught_up(push_session& from) = 0;
  /// The log it sent is over: the owner calls `follow` or `end`, now or later.
  virtual void on_log_end(push_session& from, stream::end_reason why) = 0;
  virtual void on_stale(push_session& from, epoch newest) = 0;
  /// The connection is over.
  virtual void on_over(push_session& from, const error& why) = 0;
};

class push_session final : public client_session {
public:
  push_session(worker& at, const identity& self, const push_options& options, const cluster::ranked_relay& to,
               const stream_key& key, push_source source, std::chrono::milliseconds hello_limit,
               push_user& user);

  [[nodiscard]] const node_id& relay() const noexcept { return relay_; }
  [[nodiscard]] bool flowing() const noexcept { return flowing_; }
  /// It has everything the log retained when it became flowing.
  [[nodiscard]] bool caught_up() const noexcept { return flowing_ && caught_up_; }
  [[nodiscard]] bool released() const noexcept { return released_; }
  /// Its log is over and went out whole: it does nothing before `follow` or `end`.
  [[nodiscard]] bool waits() const noexcept { return waits_; }
  /// The epoch of the log it sends, or sent last.
  [[nodiscard]] epoch of() const { return source_.log->identity().log_epoch; }

  /// Goes on with a log of a newer epoch, on the same connection; when it `waits`.
  void follow(push_source next);
  /// Tells the relay to find another upstream. It is still fed until it closes, or `release_limit` is over.
  void release();
  /// Tells that the log has ended and closes.
  void end(stream::end_reason why);

private:
  void fill(hello& out) override;
  void on_life() override { silence_.heard(std::chrono::steady_clock::now()); }
  void on_hello(const hello& said) override;
  void on_message(const message& m) override;
  void on_bytes(byte_view) override { fail({errc::malformed, "a relay sent log bytes to an origin"}); }
  void on_sent() override;
  void on_lost(const error& why) override;
  void tick();
  void note_head(std::uint64_t relay_head);

  const push_options& options_;
  node_id relay_;
  push_source source_;
  push_user& user_;
  bool flowing_ = false, caught_up_ = false, released_ = false, waits_ = false;
  std::uint64_t goal_ = 0; ///< head when the relay began to take bytes
  peer_silence silence_{std::chrono::steady_clock::now()};
  std::optional<deadline> limit_;
  std::optional<log_sender> sender_;
  std::optional<ticker> ticker_;
};

} // namespace sluice::net::trunk
