// What one worker has of a trunk server, and what its sessions need. On that worker; internal to the server.
#pragma once

#include "net/trunk/link.hpp"
#include "net/trunk/pull_counts.hpp"
#include "net/trunk/request.hpp"
#include "net/trunk/server.hpp"
#include "net/trunk/ticker.hpp"

#include <unordered_map>

namespace sluice::net::trunk {

/// A connection the server accepted, from its upgrade on. Owned by its site.
class session : public std::enable_shared_from_this<session> {
public:
  virtual ~session() = default;
  /// The server stops: close at once, report nothing.
  virtual void stop() = 0;
  /// Each `tick_interval`.
  virtual void tick() {}
};

class site {
public:
  site(worker& w, stream_hub& h, identity who, server_options o, std::shared_ptr<pull_counts> c, logger l)
      : at(w), hub(h), self(std::move(who)), options(o), pulls(std::move(c)), log(std::move(l)),
        ticker_(std::in_place, w.io(), tick_interval, [this] { tick(); }) {}

  /// Owns `s` until `remove` or `stop`.
  void add(std::shared_ptr<session> s) {
    auto* id = s.get();
    sessions.emplace(id, std::move(s));
  }
  /// `s` may be the caller: it is destroyed when the caller has returned.
  void remove(session* s) {
    auto found = sessions.find(s);
    if (found == sessions.end()) return;
    at.post([over = std::move(found->second)] {});
    sessions.erase(found);
  }
  /// Whether one more connection would be too many; counts it then.
  [[nodiscard]] bool full();
  void stop();
  [[nodiscard]] trunk_counters& counters() const { return at.counters().trunk; }

  worker& at;
  stream_hub& hub;
  const identity self;
  const server_options options;
  const std::shared_ptr<pull_counts> pulls;
  const logger log;
  bool stopped = false;
  std::unordered_map<session*, std::shared_ptr<session>> sessions;

private:
  void tick();

  bool told_full_ = false; ///< this episode is in the log

  std::optional<ticker> ticker_; ///< one for all sessions
};

/// Serves a pull, or one who looks. The connection belongs to `here.at`.
void serve_play(site& here, socket s, upgrade_request upgrade, request asked);
/// Takes a push. The connection belongs to `here.at`, the home worker of the asked key.
void serve_publish(site& here, socket s, upgrade_request upgrade, request asked);

} // namespace sluice::net::trunk
