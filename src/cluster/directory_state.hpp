// Everything one directory knows: leases of nodes, stream announcements, the freeze rule, and the snapshot
// made of them. Owned by one directory actor, on its thread; time only enters as `now`.
#pragma once

#include "cluster/failure_watch.hpp"
#include "cluster/load.hpp"
#include "cluster/ranking.hpp"
#include "cluster/snapshot.hpp"
#include "cluster/spread_tracker.hpp"
#include "cluster/stream_registry.hpp"

#include <chrono>
#include <map>
#include <optional>

namespace sluice::cluster {

struct directory_options {
  node_id id;                   ///< this directory's
  std::uint64_t boot_nonce = 0; ///< this directory's; orders its revisions after a restart
  policy rules;                 ///< in force until `set_policy` or `adopt` gives a newer one
  std::chrono::milliseconds suspect_after{3000};
  std::chrono::milliseconds expire_after{5000}; ///< the lease period
  std::chrono::milliseconds join_for{500};      ///< a new relay is ranked behind the ready ones for so long
  std::chrono::minutes thaw_after{10};
  std::size_t max_nodes = 10'000;
  stream_registry_options streams;
  failure_options failures;
  spread_options spread;
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
/// What browsers, or encoders, use for a node: printable, without blanks, at most `max_url`. Errors:
/// `bad_argument`, naming the field.
result<void> check_public_url(std::string_view field, std::string_view url);
/// Entries of `node_view::failing_for`.
constexpr std::size_t max_failing_for = 8;

/// What a node says each second. Its lists are bounded: `max_failing_reported`, `max_pulls_reported`.
struct node_heartbeat {
  node_id id;
  std::uint64_t boot_nonce = 0;
  load_report load;
  bool draining = false;                                         ///< the node itself is leaving
  std::vector<std::pair<std::string, std::uint32_t>> timestamps; ///< per stream it publishes: (key, ms)
  std::vector<node_id> failing; ///< relays that fail for this node at present
  pull_counts pulls;            ///< of a relay: its most pulled streams, the largest first
};

/// What a directory has to tell the store.
struct store_changes {
  std::vector<relay_entry> put; ///< as they say of themselves: `ready` or `draining`, their own weight
  std::vector<node_id> removed;
  [[nodiscard]] bool empty() const noexcept { return put.empty() && removed.empty(); }
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
  /// Of the streams that the heartbeat says its node publishes, those that another origin announced last.
  [[nodiscard]] std::vector<lost_stream> lost_streams(const node_heartbeat& beat) const;
  /// The node leaves in order: its lease and streams end now. Errors as `heartbeat`.
  result<void> leave(const node_id& id, std::uint64_t boot_nonce, time_point now);
  /// A stream that the holder of the lease (announcement.origin, boot_nonce) publishes. Errors: as
  /// `heartbeat`, and as `stream_registry::announce`.
  result<void> announce(const stream_announcement& stream, std::uint64_t boot_nonce,
                        std::uint64_t now_unix_ms, time_point now);
  /// The log ended; false when another epoch is announced, or none.
  bool withdraw(const stream_key& key, epoch log_epoch, time_point now);
  /// What is known of earlier logs of `key`.
  [[nodiscard]] stream_recall recall(const stream_key& key, time_point now) const;

  /// Marks and expires leases; call it at least every 250 ms. True when the snapshot changed. After a pause
  /// of `suspect_after` in the calls the directory is warming again, and expires nobody at once. When more
  /// than half of 3 or more relays would expire within one lease period they are kept as suspect (frozen),
  /// until half of all are heard again, `thaw`, or `thaw_after`.
  bool advance(time_point now);
  /// Ends a freeze by command: silent relays expire now. False when nothing is frozen.
  bool thaw(time_point now);

  /// True for one lease period after the start, or a standstill: what is not known may exist.
  [[nodiscard]] bool warming(time_point now) const noexcept;
  [[nodiscard]] bool frozen() const noexcept { return frozen_since_.has_value(); }

  /// The policy in force.
  [[nodiscard]] const policy& rules() const noexcept { return rules_; }
  /// Puts the changes in force that `rules` has and the present policy lacks. False when there are none.
  /// Errors: as `check_policy`.
  result<bool> set_policy(const policy& rules, time_point now);
  /// The policy in force with one node's drain or weight (none: its own) changed, to be given to
  /// `set_policy` or to the store. Errors: `not_found` (no node of that id was ever heard of), `bad_argument`
  /// (a drain of a node that is no relay), and as `with_drained`, `with_weight`.
  [[nodiscard]] result<policy> plan_drain(const node_id& id, bool drained, std::uint64_t now_unix_us) const;
  [[nodiscard]] result<policy> plan_weight(const node_id& id, std::optional<double> weight,
                                           std::uint64_t now_unix_us) const;
  /// Whether a node of that id is, or was, heard here or listed by the store.
  [[nodiscard]] bool known(const node_id& id) const;

  /// What the store says: its policy, and the relays that any directory hears. Those not heard here are
  /// listed as the store has them, but as suspect where they fell silent here; while it is not `fresh` (it
  /// does not answer) nothing it listed expires. Errors: a policy or relay that is not usable; the rest is
  /// adopted all the same.
  result<void> adopt(const policy& rules, const std::vector<relay_entry>& relays, bool fresh, time_point now);
  /// What changed for the store since the last call: relays heard here and no longer heard here. After the
  /// warming also those that an earlier life of this directory may have listed.
  store_changes take_store_changes(time_point now);

  /// The present relay list with its revision, whose counter changes exactly when the digest does. A change
  /// of a large list may show a moment later, with the next `advance` at the latest.
  [[nodiscard]] published_snapshot publish(time_point now);
  [[nodiscard]] const snapshot& list();
  [[nodiscard]] const revision& list_revision();
  /// Relays that are alive and not in that list, because it is as long as one may be (`max_relays`).
  [[nodiscard]] std::size_t relays_left_out() const noexcept { return left_out_; }
  /// How busy the relays of that list are; to be sent to its watchers each second.
  [[nodiscard]] load_digest loads();

  /// The enumeration with its liveness: `live` with epoch and origin when announced; else `unknown` while
  /// warming or frozen; else `not_live`. `spread` follows the demand, of which this answer is a part.
  [[nodiscard]] enumeration enumerate(const stream_key& key, std::string_view zone, time_point now);
  /// Streams that were left out of the demand because too many are tracked.
  [[nodiscard]] std::uint64_t untracked_streams() const noexcept { return demand_.left_out(); }

  /// All leases, and relays that only the store lists; sorted by id.
  [[nodiscard]] std::vector<node_view> nodes(time_point now) const;
  /// All announced streams, sorted by key.
  [[nodiscard]] std::vector<stream_announcement> streams() const { return streams_.list(); }

private:
  struct lease {
    node_registration node;
    load_report load;
    load_meter meter;
    time_point last_heard;
    std::optional<time_point> joined; ///< slow start since then
    bool leaving = false;             ///< by its own word
    /// Off the list, but kept one lease period so that a mass expiry is seen as one, and late messages of
    /// this boot are known; and for as long as a store that does not answer lists it.
    std::optional<time_point> expired_at;
    std::optional<relay_state> listed; ///< in the present list
  };
  /// A node that is no longer here.
  struct memory {
    std::uint64_t boot_nonce;
    time_point left;
    bool expired; ///< it fell silent here
  };

  result<lease*> find_lease(const node_id& id, std::uint64_t boot_nonce);
  [[nodiscard]] bool silent(const lease& held, time_point now) const noexcept;
  void recover(time_point now);
  void update_freeze(time_point now);
  void expire(const node_id& id, lease& held, time_point now);
  void expire_leases(time_point now);
  void forget(const node_id& id, std::uint64_t boot_nonce, time_point left, bool expired = false);

  // directory_list.cpp
  [[nodiscard]] relay_state state_of(const node_id& id, const lease& held, time_point now) const;
  [[nodiscard]] std::optional<relay_entry> entry_of(const node_id& id, const lease& held,
                                                    time_point now) const;
  [[nodiscard]] std::optional<relay_entry> foreign_entry(const relay_entry& stored, time_point now) const;
  void update_failing(time_point now);
  void refresh(time_point now);
  bool rebuild(time_point now);
  void note(time_point now) noexcept { clock_ = std::max(clock_, now); }

  directory_options options_;
  time_point started_;
  time_point clock_;    ///< the newest `now`
  time_point advanced_; ///< the `now` of the last `advance`
  policy rules_;
  std::map<node_id, lease> leases_;
  std::map<node_id, memory> gone_; ///< bounded by `max_nodes`
  stream_registry streams_;
  failure_watch failures_;
  spread_tracker demand_;
  time_point pruned_;
  std::optional<time_point> frozen_since_;

  std::map<node_id, relay_entry> stored_; ///< the store's list
  bool store_lost_ = false;
  std::map<node_id, std::optional<relay_entry>> told_store_; ///< none: told that it is gone
  bool tell_store_ = false;

  std::size_t left_out_ = 0;
  snapshot list_;
  std::optional<ranking> ranking_; ///< of `list_`, once asked for
  rank_buffer room_;
  revision revision_;
  bool dirty_ = false; ///< `list_` may be behind the leases
  time_point built_at_;
};

} // namespace sluice::cluster
