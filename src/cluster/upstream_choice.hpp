// Which relays feed one stream of this node, and when to switch: a state machine of events in, actions out.
// Owned by the stream's trunk client, on its worker; sans-IO, time only enters as `now`.
//
// Links in use run in parallel: of each byte the first copy counts. The first of them leads (its path is the
// log's); usually it is the only one. A planned move, a slow or silent path and a hedge all open another
// link beside it; only when that one has caught up with the head it found is the one to be left dropped.
// The two pulls of a hedge have no relay in common where the cluster allows it; that is looked at again
// whenever a link's path or the order changes.
//
// Use: report an event, then call `next(now)` and do what it says until it says `wait_until` or `give_up`;
// call it again at that time. Events of a link that was dropped are ignored.
#pragma once

#include "cluster/relay_health.hpp"
#include "cluster/upstream_types.hpp"

#include <deque>
#include <set>

namespace sluice::cluster {

class upstream_choice {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `self`: this node, which must not be in an upstream's path. `health` outlives this. `seed` jitters
  /// the waits.
  upstream_choice(const stream_key& key, node_id self, relay_health& health, std::uint64_t seed,
                  upstream_options options = {});

  /// The candidates, at first and after each new enumeration. A link in use stays; if its relay is draining
  /// or gone from the order, others are sought at once, if it is not among the leading ranks, after
  /// `home_wait`, and take over without a pause. Without a log and a link, `not_live` ends the search.
  void set_order(upstream_order order, time_point now);
  /// The loads known, for the choice among the leading ranks (power of two choices); without them a hash of
  /// (self, key, relay) decides.
  void set_loads(relay_loads_ptr loads) { loads_ = std::move(loads); }
  /// Where this node's log stands; after a hello that started a log, and as its head moves.
  void set_position(epoch at, std::uint64_t head, time_point now);

  /// The connection could not be made or upgraded, or was closed by the peer or by the network.
  void closed(link_id link, time_point now);
  /// `hello`: the first one, or a later one with a higher epoch.
  void hello(link_id link, const upstream_hello& said, time_point now);
  /// The upstream looks for the stream itself: its hello has `search_limit` from the dial on. Counts as
  /// `received`.
  void searching(link_id link, time_point now);
  /// The upstream lacks the stream. The link is over: close it.
  void not_here(link_id link, time_point now);
  /// The upstream said `stale`, or refuses for another reason that is about this stream only. The link is
  /// over: close it.
  void refused(link_id link, time_point now);
  /// Any bytes at all.
  void received(link_id link, time_point now);
  /// A link in use has given us the log up to `at`; after `set_position`. True when `next` is to be called.
  bool delivered(link_id link, std::uint64_t at, time_point now);
  /// A tick, with the upstream's head. Counts as `received`.
  void tick(link_id link, std::uint64_t head, time_point now);
  /// A beat, and when the origin made it (any clock of the origin's, ms; 0: it does not say). Counts as
  /// `received`.
  void beat(link_id link, std::uint64_t n, std::uint64_t made_ms, time_point now);
  /// The upstream's way from the origin is another one now.
  void path_changed(link_id link, std::vector<node_id> path, time_point now);
  /// The upstream said `end` for good (not: a new epoch follows).
  void ended(link_id link, time_point now);

  /// What to do now.
  upstream_action next(time_point now);

  /// The relay that leads; empty when no link is in use.
  [[nodiscard]] node_id current() const { return active_.empty() ? node_id{} : active_.front().relay.id; }
  /// The paths of the links in use, the leader's first.
  [[nodiscard]] std::vector<std::vector<node_id>> ways() const;
  /// A link in use has caught up with our head.
  [[nodiscard]] bool flowing() const;

private:
  struct upstream_link {
    link_id id = 0;
    ranked_relay relay;
    time_point since; ///< dialled, then in use
    time_point last_received;
    time_point hello_by;
    time_point seek_at; ///< without a beat until then, another upstream is sought
    epoch log_epoch;
    std::vector<node_id> path;
    std::uint64_t head = 0; ///< the upstream's
    time_point head_moved;
    std::uint64_t beat = 0; ///< the newest that came this way
    std::int64_t lag = 0;   ///< of that beat: our clock minus the origin's, ms
    bool accept_gap = false;
    bool settled = false;
    bool leaving = false;   ///< draining or gone from the order
    bool late = false;      ///< its beats come later than they could
    std::uint64_t goal = 0; ///< our head when it came into use; that of now runs away from a longer path
    bool caught_up = false; ///< it reached the goal
  };

  upstream_link* find(link_id id);
  [[nodiscard]] bool active(link_id id) const;
  [[nodiscard]] std::optional<drop_reason> judge(const upstream_link& from, const upstream_hello& said,
                                                 time_point now) const;
  [[nodiscard]] bool suits(const upstream_hello& said, time_point now) const;
  [[nodiscard]] std::chrono::milliseconds patience(const upstream_link& with) const;
  void use(const upstream_hello& said, time_point now);
  void note_beat(upstream_link& from, std::uint64_t n, time_point now);
  void note_gap(const upstream_link& from, const upstream_hello& said);
  void refuse(const node_id& relay, std::chrono::milliseconds lasting, time_point now);
  void release(link_id id, drop_reason reason, time_point now);
  void drop(link_id id, drop_reason reason, time_point now);
  void finish(give_up_reason reason);
  void new_round(time_point now);

  void check_deadlines(time_point now);
  [[nodiscard]] bool too_late(const upstream_link& asked, time_point now) const;
  [[nodiscard]] bool others_usable(const upstream_link& than, time_point now) const;
  void check_links(time_point now);
  void check_search();
  void trim(time_point now);
  [[nodiscard]] drop_reason why_left(const upstream_link& one, time_point now) const;
  [[nodiscard]] bool too_deep(const std::vector<node_id>& path) const {
    return path.size() > options_.max_path;
  }
  /// Whether the link is not to be left as soon as another flows, however good its bytes are.
  [[nodiscard]] bool stays(const upstream_link& one) const { return !one.leaving && !too_deep(one.path); }
  /// Whether nothing speaks against the link.
  [[nodiscard]] bool fit(const upstream_link& one, time_point now) const;
  [[nodiscard]] std::size_t wanted() const { return options_.hedge + (moving_ ? 1 : 0); }
  [[nodiscard]] bool too_few() const;
  [[nodiscard]] bool too_few_fit(time_point now) const;
  [[nodiscard]] bool seeking(time_point now) const;
  [[nodiscard]] bool behind(const upstream_link& from) const;
  [[nodiscard]] bool askable(const ranked_relay& relay, time_point now) const;
  [[nodiscard]] bool unasked(const ranked_relay& relay, time_point now) const;
  [[nodiscard]] bool refuses(const node_id& relay, time_point now) const;
  [[nodiscard]] const ranked_relay* lead(time_point now) const;
  [[nodiscard]] const ranked_relay* pick(time_point now) const;
  std::optional<upstream_action> seek(time_point now);
  upstream_action connect(const ranked_relay& relay, bool accept_gap, time_point now);
  [[nodiscard]] time_point next_deadline(time_point now) const;

  [[nodiscard]] std::vector<const std::vector<node_id>*> ways_without(link_id left) const;
  void compare_ways();
  [[nodiscard]] bool seeking_apart(time_point now) const;
  void look_apart_at_once(time_point now);
  void look_apart_later(time_point now);
  [[nodiscard]] bool may_be_apart(const ranked_relay& relay, time_point now) const;
  [[nodiscard]] bool shares_way(const upstream_hello& said, time_point now) const;
  [[nodiscard]] link_id superfluous() const;

  void note_lag(upstream_link& from, std::uint64_t made_ms, time_point now);
  void forgive_lag();
  void left_for_lag(time_point now);
  [[nodiscard]] std::uint64_t affinity(const node_id& relay) const;
  [[nodiscard]] std::vector<const ranked_relay*> leading(time_point now) const;
  [[nodiscard]] std::optional<std::uint8_t> load(const node_id& relay) const;
  [[nodiscard]] const ranked_relay* better_home(time_point now) const;
  [[nodiscard]] bool away(const upstream_link& one, const ranked_relay& home) const;
  void check_home(time_point now);
  void stop_moving() { moving_.reset(); }

  upstream_options options_;
  node_id self_;
  relay_health& health_;
  std::uint64_t affinity_seed_; ///< of (self, key)
  std::uint64_t random_;
  std::chrono::milliseconds jitter_; ///< this stream's share of `beat_jitter`

  upstream_order order_;
  relay_loads_ptr loads_;
  epoch epoch_;            ///< of our log, zero: none
  std::uint64_t head_ = 0; ///< of our log
  epoch beat_epoch_;
  std::uint64_t beat_ = 0; ///< newest known, of `beat_epoch_`
  std::optional<time_point> beat_at_;

  link_id last_link_ = 0;
  std::vector<upstream_link> active_;                     ///< in use; the first leads
  std::optional<upstream_link> candidate_;                ///< has not said a good hello yet
  std::optional<departure> departed_;                     ///< who led last, while nobody does
  std::set<node_id> tried_;                               ///< in this round through the order
  std::unordered_map<node_id, time_point> refused_until_; ///< pruned when the order changes
  std::set<node_id> without_stream_;                      ///< said not_here since the order was set
  std::optional<node_id> gap_relay_; ///< refused for a gap in this round, the smallest one
  std::uint64_t gap_first_ = 0;
  std::uint32_t exhausted_ = 0; ///< rounds in a row without success
  time_point next_round_{};

  bool sharing_ = false;  ///< a hedge's links that stay have a relay in common
  time_point apart_at_{}; ///< when others are asked because of it
  std::uint32_t apart_looks_ = 0;

  epoch lag_epoch_;
  std::int64_t least_lag_ = 0; ///< the smallest known of `lag_epoch_`'s beats
  time_point least_lag_at_{};  ///< what it was last adjusted at, for drifting clocks
  time_point late_again_{};    ///< no path is left for being slow before
  std::uint32_t late_moves_ = 0;

  struct move {
    link_id from;
    node_id to;
    link_id link = 0; ///< 0: not dialled yet
  };
  std::optional<move> moving_;        ///< the planned move to a leading rank that is under way
  std::optional<time_point> home_at_; ///< when the next one starts
  time_point moved_at_{};
  std::uint32_t moves_ = 0;

  std::deque<upstream_action> queue_;
  std::optional<give_up_reason> over_;
};

} // namespace sluice::cluster
