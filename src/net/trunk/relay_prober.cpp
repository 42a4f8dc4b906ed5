#include "net/trunk/relay_prober.hpp"

#include "net/trunk/handshake.hpp"

namespace sluice::net::trunk {

namespace {

/// Looks whether a relay answers. Keeps itself alive until it has called back.
class knock final : public client_session, public std::enable_shared_from_this<knock> {
public:
  knock(worker& at, identity self, std::function<void(bool)> answered)
      : client_session(at, who_), who_(std::move(self)), answered_(std::move(answered)) {}

  void start(const std::string& address, const stream_key& key) {
    limit_.emplace(at_.io(), relay_prober::answer_limit, [self = shared_from_this()] { self->over(false); });
    dial(address, request{request::kind::look, key});
  }

private:
  void on_life() override {}
  void on_hello(const hello&) override { over(true); }
  void on_message(const message& m) override {
    if (std::holds_alternative<not_here>(m)) over(true);
  }
  void on_bytes(byte_view) override {}
  void on_sent() override {}
  void on_lost(const error&) override { over(false); }

  void over(bool well) {
    auto answered = std::exchange(answered_, nullptr);
    if (!answered) return;
    answered(well);
    // The link or the limit may be the caller.
    at_.post([self = shared_from_this()] {
      self->leave(true);
      self->limit_.reset();
    });
  }

  const identity who_;
  std::function<void(bool)> answered_;
  std::optional<deadline> limit_;
};

} // namespace

void relay_prober::watch(const cluster::ranked_relay& relay, const stream_key& key, time_point now) {
  std::lock_guard lock(mutex_);
  auto known = watched_.find(relay.id);
  if (known != watched_.end()) {
    known->second.relay = relay;
    known->second.failed_at = now;
  } else if (watched_.size() < most) {
    watched_.emplace(relay.id, watched{relay, key, now, now + first_knock});
    log_.warn("relay fails", "relay", relay.id, "address", relay.trunk_address);
  }
}

void relay_prober::poll(worker& at, time_point now) {
  std::vector<watched> due;
  {
    std::lock_guard lock(mutex_);
    for (auto& [id, one] : watched_) {
      if (one.knocking || one.next > now) continue;
      one.knocking = true;
      due.push_back(one);
    }
  }
  for (const auto& one : due) {
    auto then = [weak = weak_from_this(), id = one.relay.id](bool well) {
      if (auto self = weak.lock()) self->answered(id, well, std::chrono::steady_clock::now());
    };
    std::make_shared<knock>(at, self_, then)->start(one.relay.trunk_address, one.key);
  }
}

void relay_prober::answered(const node_id& relay, bool well, time_point now) {
  if (well)
    health_.heard(relay);
  else
    health_.failed(relay, now);
  std::lock_guard lock(mutex_);
  auto known = watched_.find(relay);
  if (known == watched_.end()) return;
  known->second.knocking = false;
  known->second.next = now + interval;
  if (!well && now - known->second.failed_at < forgotten_after) return;
  log_.info(well ? "relay answers" : "relay stays away", "relay", relay);
  watched_.erase(known);
}

} // namespace sluice::net::trunk
