// Everything one directory knows: leases of nodes, stream announcements, the freeze rule, and the snapshot
// made of them. Owned by one directory actor, on its thread; time only enters as `now`.
#pragma once

#include "cluster/snapshot.hpp"
#include "cluster/stream_registry.hpp"

#include <chrono>
#include <map>
#include <optional>

namespace sluice::cluster {

struct directory_options {
  node_id id;                   ///< this directory's
  std::uint64_t boot_nonce = 0; ///< this directory's; orders its revisions after a restart
  policy rules;
  std::chrono::milliseconds suspect_after{3000};
  std::chrono::milliseconds expire_after{5000}; ///< the lease period
  std::chrono::minutes thaw_after{10};
  std::size_t max_nodes = 10'000;
  stream_registry_options streams;
};

/// With fewer relays there is no freeze.
constexpr std::size_t min_frozen_relays = 3;

/// What a node says of itself once per connection to a directory.
struct node_registration {
  node_id id;
  node_role role = node_role::relay;
  std::uint64_t boot_nonce = 0; ///< unix microseconds at the node's start: the greater is the newer boot
  std::string zone;             ///< may be empty
  std::string trunk_address;    ///< `host:port`; required of relays
  std::string public_url;       ///< may be empty; at most `max_url` characters
  std::string version;          ///< at most `max_version` characters
  double weight = 1;
  bool operator==(const node_registration&) const = default;
};
constexpr std::size_t max_url = 512;
constexpr std::size_t max_version = 64;

/// What a node says each second.
struct node_heartbeat {
  node_id id;
  std::uint64_t boot_nonce = 0;
  load_report load;
  bool draining = false;                                         ///< the node itself is leaving
  std::vector<std::pair<std::string, std::uint32_t>> timestamps; ///< per stream it publishes: (key, ms)
};

class directory_state {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A directory that starts at `now`: warming for one lease period. `options.rules` must pass
  /// `check_policy`.
  directory_state(directory_options options, time_point now);

  /// Grants or renews a lease. A greater boot nonce replaces the node's old self at once, and its streams
  /// end. Errors: `bad_argument` (node and field named), `unavailable` (too many nodes), `stale` (an older
  /// boot while the newer one is heard).
  result<void> register_node(const node_registration& node, time_point now);
  /// Renews a lease. Errors: `not_found` (no lease: register again), `stale` (an older boot).
  result<void> heartbeat(const node_heartbeat& beat, time_point now);
  /// The node leaves in order: its lease and streams end now. Errors as `heartbeat`.
  result<void> leave(const node_id& id, std::uint64_t boot_nonce, time_point now);
  /// An operator's drain flag; survives a restart of the node. Errors: `not_found`.
  result<void> set_draining(const node_id& id, bool draining, time_point now);

  /// A stream that the holder of the lease (announcement.origin, boot_nonce) publishes. Errors: as
  /// `heartbeat`, and as `stream_registry::announce`.
  result<void> announce(const stream_announcement& stream, std::uint64_t boot_nonce,
                        std::uint64_t now_unix_ms, time_point now);
  /// The log ended; false when another epoch is announced, or none.
  bool withdraw(const stream_key& key, epoch log_epoch, time_point now);
  /// What is known of earlier logs of `key`.
  [[nodiscard]] stream_recall recall(const stream_key& key, time_point now) const;

  /// Marks and expires leases; call it at least every 250 ms. True when the snapshot changed. When more
  /// than half of 3 or more relays would expire within one lease period they are kept as suspect (frozen),
  /// until half of all are heard again, `thaw`, or `thaw_after`.
  bool advance(time_point now);
  /// Ends a freeze by command: silent relays expire now. False when nothing is frozen.
  bool thaw(time_point now);

  /// True for one lease period after the start: what is not known may exist.
  [[nodiscard]] bool warming(time_point now) const noexcept;
  [[nodiscard]] bool frozen() const noexcept { return frozen_since_.has_value(); }

  /// The present relay list with its revision, whose counter changes exactly when the digest does.
  [[nodiscard]] published_snapshot publish(time_point now) const;
  [[nodiscard]] const snapshot& list() const noexcept { return list_; }
  [[nodiscard]] const revision& list_revision() const noexcept { return revision_; }

  /// The enumeration with its liveness: `live` with epoch and origin when announced; else `unknown` while
  /// warming or frozen; else `not_live`.
  [[nodiscard]] enumeration enumerate(const stream_key& key, std::string_view zone, time_point now) const;

  /// All leases, sorted by id.
  [[nodiscard]] std::vector<node_view> nodes(time_point now) const;
  /// All announced streams, sorted by key.
  [[nodiscard]] std::vector<stream_announcement> streams() const { return streams_.list(); }

private:
  struct lease {
    node_registration node;
    load_report load;
    time_point last_heard;
    bool leaving = false; ///< by its own word
    bool drained = false; ///< by an operator's
    /// Off the list, but kept one lease period so that a mass expiry is seen as one, and late messages of
    /// this boot are known.
    std::optional<time_point> expired_at;
  };

  result<lease*> find_lease(const node_id& id, std::uint64_t boot_nonce);
  [[nodiscard]] relay_state state_of(const lease& held, time_point now) const noexcept;
  [[nodiscard]] bool silent(const lease& held, time_point now) const noexcept;
  void update_freeze(time_point now);
  void expire_leases(time_point now);
  bool rebuild(time_point now);

  directory_options options_;
  time_point started_;
  std::map<node_id, lease> leases_;
  stream_registry streams_;
  std::optional<time_point> frozen_since_;
  snapshot list_;
  revision revision_;
};

} // namespace sluice::cluster
