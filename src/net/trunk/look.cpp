#include "net/trunk/look.hpp"

#include "net/core/timer.hpp"
#include "net/trunk/handshake.hpp"
#include "net/trunk/log_receiver.hpp"

namespace sluice::net::trunk {

namespace {

class look;

class question final : public std::enable_shared_from_this<question> {
public:
  question(worker& home, identity self, stream_key key, const std::vector<node_id>& relays, bool at_once,
           claimed done)
      : home_(home), self_(std::move(self)), key_(std::move(key)), at_once_(at_once), done_(std::move(done)),
        claim_(self_.node, relays, std::chrono::steady_clock::now()), timer_(home.io()) {}

  void ask(const std::vector<cluster::ranked_relay>& relays);
  /// Something was said: is it enough?
  void judge();
  [[nodiscard]] cluster::stream_claim& claim() noexcept { return claim_; }

private:
  worker& home_;
  const identity self_;
  stream_key key_;
  bool at_once_;
  claimed done_;
  cluster::stream_claim claim_;
  std::vector<std::unique_ptr<look>> looks_;
  timer timer_; ///< owns the question until it is answered
};

/// One relay that is asked.
class look final : public client_session {
public:
  look(worker& at, const identity& self, const stream_key& key, const cluster::ranked_relay& relay,
       question& owner)
      : client_session(at, self), relay_(relay.id), owner_(owner) {
    dial(relay.trunk_address, request{request::kind::look, key});
  }

private:
  void on_life() override {}
  void on_hello(const hello& said) override {
    if (!said.log) return over();
    const auto& log = *said.log;
    owner_.claim().holds(
        relay_, {log.path.empty() ? node_id{} : log.path.front(), log.log_epoch, log.newest_timestamp});
    owner_.judge();
  }
  void on_message(const message& m) override {
    if (const auto* b = std::get_if<stream::beat>(&m)) {
      owner_.claim().beat(relay_, {b->number, b->publisher_live, b->newest.timestamp, b->newest.unix_ms});
      owner_.judge();
    } else if (std::holds_alternative<not_here>(m) || std::holds_alternative<end>(m) ||
               std::holds_alternative<failure>(m)) {
      over();
    }
  }
  void on_bytes(byte_view) override { fail({errc::malformed, "log bytes to one who only looks"}); }
  void on_sent() override {}
  void on_lost(const error&) override { over(); }
  void over() {
    owner_.claim().over(relay_);
    owner_.judge();
  }

  node_id relay_;
  question& owner_;
};

void question::ask(const std::vector<cluster::ranked_relay>& relays) {
  for (const auto& relay : relays)
    looks_.push_back(std::make_unique<look>(home_, self_, key_, relay, *this));
  judge();
}

void question::judge() {
  if (!done_) return;
  auto now = std::chrono::steady_clock::now();
  auto verdict = claim_.verdict(at_once_, now, unix_ms_now());
  if (!verdict) return timer_.at(claim_.next_look(now), [self = shared_from_this()] { self->judge(); });
  timer_.cancel();
  // A look may be the caller, so all are closed later, with the question.
  home_.post([self = shared_from_this(), done = std::exchange(done_, nullptr), verdict = *verdict] {
    self->looks_.clear();
    done(verdict);
  });
}

} // namespace

void ask_relays(worker& home, identity self, const stream_key& key,
                const std::vector<cluster::ranked_relay>& relays, bool at_once, claimed done) {
  std::vector<node_id> ids;
  for (const auto& one : relays)
    ids.push_back(one.id);
  std::make_shared<question>(home, std::move(self), key, ids, at_once, std::move(done))->ask(relays);
}

} // namespace sluice::net::trunk
