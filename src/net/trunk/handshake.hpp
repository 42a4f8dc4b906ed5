// The start of a trunk connection, each side: challenge, introductions, proof (docs/trunk.md). Bases of the
// sessions; on their worker.
#pragma once

#include "net/core/deadline.hpp"
#include "net/trunk/peer_silence.hpp"
#include "net/trunk/site.hpp"

namespace sluice::net::trunk {

/// A connection this node's server accepted.
class server_session : public session, protected link_user {
public:
  ~server_session() override;
  void stop() override;
  void tick() final;

protected:
  server_session(site& here, request asked) : here_(here), asked_(std::move(asked)) {}
  void start(socket s, upgrade_request upgrade);

  /// The first message of the client, which has proven itself.
  virtual void on_hello(const hello& said) = 0;
  /// Any later message.
  virtual void on_message(const message& m) = 0;
  /// Each `tick_interval` from `on_hello` on.
  virtual void on_tick() = 0;
  /// The connection is over: the session is destroyed soon after.
  virtual void on_over() {}

  /// Sends a hello; the first one carries this node's introduction.
  void say_hello(hello out);
  /// Whether the peer said nothing for `limit`.
  [[nodiscard]] bool silent(std::chrono::milliseconds limit) const;
  /// Whether the peer takes nothing of what it is sent, for too long.
  [[nodiscard]] bool stalled() const;

  /// Tells the peer why, then closes as `finish` does.
  void refuse(const error& why);
  /// What was sent is written, then the connection closes. The session is over.
  void finish();

  site& here_;
  const request asked_;
  link_ptr link_;
  node_id peer_;

private:
  void on_open() final;
  void on_text(std::string_view text) final;
  void on_closed(const error& why) final;
  void prove(const message& m);
  void over();
  void count(const error& why) const;

  nonce own_nonce_{}, peer_nonce_{};
  bool proven_ = false, introduced_ = false, over_ = false;
  std::optional<deadline> limit_;

protected:
  peer_silence silence_{std::chrono::steady_clock::now()};
};

/// A connection this node dials.
class client_session : protected link_user {
public:
  virtual ~client_session();
  client_session(const client_session&) = delete;
  client_session& operator=(const client_session&) = delete;

  /// Closes; nothing more is reported. What was sent is still written unless `at_once`.
  void leave(bool at_once);

protected:
  client_session(worker& at, const identity& self) : at_(at), self_(self) {}
  void dial(std::string address, const request& asked);

  /// What to say beside the introduction.
  virtual void fill(hello&) {}
  /// Any bytes at all.
  virtual void on_life() = 0;
  virtual void on_hello(const hello& said) = 0;
  virtual void on_message(const message& m) = 0;
  /// The connection is over, by the peer, the network, or because the peer breaks the protocol.
  virtual void on_lost(const error& why) = 0;

  /// Ends the connection from this side for `why` and reports it as lost.
  void fail(const error& why);

  worker& at_;
  const identity& self_;
  link_ptr link_;

private:
  void on_open() final {}
  void on_text(std::string_view text) final;
  void on_closed(const error& why) final;
  result<void> introduce_on(const challenge& asked);
  result<void> believe(const hello& said);

  nonce own_nonce_{};
  bool introduced_ = false, believed_ = false;
};

} // namespace sluice::net::trunk
