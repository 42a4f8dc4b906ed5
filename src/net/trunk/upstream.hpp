// One connection of a pull: dials a relay, asks for the log, and hands what it hears to the puller that owns
// it. On the stream's home worker.
#pragma once

#include "cluster/upstream_choice.hpp"
#include "net/trunk/handshake.hpp"
#include "net/trunk/log_receiver.hpp"

namespace sluice::net::trunk {

class upstream;

/// What an upstream tells its puller; the puller may drop it inside a call.
class upstream_user {
public:
  virtual ~upstream_user() = default;
  virtual void on_life(upstream& from) = 0;
  virtual void on_hello(upstream& from, const hello& said) = 0;
  virtual void on_message(upstream& from, const message& m) = 0;
  virtual void on_bytes(upstream& from, byte_view bytes) = 0;
  virtual void on_lost(upstream& from, const error& why) = 0;
};

class upstream final : public client_session {
public:
  upstream(worker& at, const identity& self, const stream_key& key, const cluster::connect_upstream& to,
           upstream_user& user);

  [[nodiscard]] cluster::link_id id() const noexcept { return id_; }
  [[nodiscard]] const node_id& relay() const noexcept { return relay_.id; }
  [[nodiscard]] const cluster::ranked_relay& entry() const noexcept { return relay_; }
  void send(const message& m) {
    if (link_) link_->send(m);
  }

  /// The newest hello with a log; kept for when it is chosen.
  std::optional<hello> said;
  /// Where this connection stands in the log.
  log_receiver receiver;
  bool in_use = false; ///< its bytes extend the log

private:
  void on_life() override { user_.on_life(*this); }
  void on_hello(const hello& h) override {
    link_->acknowledge_reads();
    user_.on_hello(*this, h);
  }
  void on_message(const message& m) override { user_.on_message(*this, m); }
  void on_lost(const error& why) override { user_.on_lost(*this, why); }
  void on_bytes(byte_view bytes) override { user_.on_bytes(*this, bytes); }
  void on_sent() override {}

  cluster::link_id id_;
  cluster::ranked_relay relay_; ///< its name and address
  upstream_user& user_;
};

} // namespace sluice::net::trunk
