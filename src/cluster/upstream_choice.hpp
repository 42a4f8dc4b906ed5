// Which relay feeds one stream of this node, and when to switch: a state machine of events in, actions out.
// Owned by the stream's trunk client, on its worker; sans-IO, time only enters as `now`.
//
// Use: report an event, then call `next(now)` and do what it says until it says `wait_until` or `give_up`;
// call it again at that time. Events of a link that was dropped are ignored.
#pragma once

#include "cluster/enumeration.hpp"
#include "cluster/relay_health.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <variant>

namespace sluice::cluster {

struct upstream_options {
  using ms = std::chrono::milliseconds;
  ms connect_limit{300};       ///< connect + upgrade + hello together
  ms search_limit{1500};       ///< instead, when the upstream says that it looks for the stream itself
  ms silent_limit{600};        ///< no byte at all: the hop is dead
  ms beat_limit{600};          ///< no beats: the path is dead after this ...
  ms beat_limit_per_hop{400};  ///< ... plus this per node of the upstream's path
  ms progress_limit{300};      ///< an upstream behind our head whose head stands still
  ms refused_for{1000};        ///< a relay that said not_here, or was refused by us, is not asked again
  ms settle_after{1000};       ///< a link in use for so long has proven itself: its relay is healthy
  ms grace{10000};             ///< without any beat for so long the origin is lost
  ms first_wait{100};          ///< after the whole order failed; doubles ...
  ms longest_wait{1000};       ///< ... up to this, each +-25 %
  std::size_t max_path = 4;    ///< nodes in an upstream's path
  std::size_t probe_ranks = 3; ///< so many not_here answers end a search that is not `patient`
};

/// The candidates, in order, and how to ask them.
struct upstream_order {
  std::vector<ranked_relay> relays;
  std::uint32_t spread = 1; ///< the first choice is among so many leading ranks
  pull_mode mode = pull_mode::through;
  liveness live = liveness::unknown;
  /// Whether a search that found nothing starts again; else, without a log, one round is all.
  bool patient = true;
};
/// The order of an edge: patient when the stream is known to be live.
upstream_order order_of(const enumeration& found);
/// The order of a relay that was asked for what it lacks: not patient.
upstream_order order_of(const pull_plan& plan);

/// One connection attempt and what becomes of it; never reused.
using link_id = std::uint32_t;

/// What an upstream's hello says that matters here.
struct upstream_hello {
  epoch log_epoch;
  std::uint64_t first = 0;   ///< oldest offset it retains
  std::uint64_t head = 0;    ///< its newest offset
  std::uint64_t beat = 0;    ///< the newest beat it has, 0: none
  bool orphaned = false;     ///< it lost the origin
  std::vector<node_id> path; ///< from the origin to the upstream itself
};

enum class drop_reason : std::uint8_t {
  timed_out = 1, ///< no hello within `connect_limit`
  silent,        ///< no byte within `silent_limit`
  loop,          ///< this node is in the upstream's path
  too_deep,      ///< its path is longer than `max_path`
  stale,         ///< its epoch is lower than ours
  gap,           ///< it no longer has our offset, and others may
  behind,        ///< its head stands still below ours
  not_better,    ///< a probe that had no higher beat or epoch, or was no longer needed
  replaced,      ///< another link took over
  finished       ///< the stream ended or was given up
};
std::string_view name(drop_reason reason) noexcept;

enum class give_up_reason : std::uint8_t {
  not_live = 1, ///< nobody has the stream
  unreachable,  ///< no candidate could be asked
  ended,        ///< an upstream said `end`
  origin_lost   ///< no beat for the grace time
};
std::string_view name(give_up_reason reason) noexcept;

/// Dial `address` and ask for the log from (`at`, `from`); `at` zero means any epoch, from its join point.
struct connect_upstream {
  link_id link;
  node_id relay;
  std::string address;
  epoch at;
  std::uint64_t from;
  pull_mode mode;
  bool probe; ///< another link is in use and stays so until `use_upstream`
};
/// The link's hello is good: from here on it, and only it, feeds the log.
struct use_upstream {
  link_id link;
  bool accept_gap; ///< its `first` is past our head, and no other relay has more
};
/// Close the link.
struct drop_upstream {
  link_id link;
  drop_reason reason;
};
/// Nothing to do before `until`, unless an event comes.
struct wait_until {
  std::chrono::steady_clock::time_point until;
};
/// Final: every later `next` says it again.
struct give_up {
  give_up_reason reason;
};
using upstream_action = std::variant<connect_upstream, use_upstream, drop_upstream, wait_until, give_up>;

/// Per relay, 0 (idle) to 15 (full).
using relay_loads = std::unordered_map<node_id, std::uint8_t>;
/// Shared by all streams of a node; null: nothing is known.
using relay_loads_ptr = std::shared_ptr<const relay_loads>;

class upstream_choice {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `self`: this node, which must not be in an upstream's path. `health` outlives this. `seed` jitters
  /// the waits.
  upstream_choice(const stream_key& key, node_id self, relay_health& health, std::uint64_t seed,
                  upstream_options options = {});

  /// The candidates, at first and after each new enumeration. A link in use stays, unless its relay is
  /// draining or gone from the order: then others are probed and take over without a pause. Without a log
  /// and a link, `not_live` ends the search.
  void set_order(upstream_order order, time_point now);
  /// The loads known, for the first choice (power of two choices); without them a hash of (self, key).
  void set_loads(relay_loads_ptr loads) { loads_ = std::move(loads); }
  /// Where this node's log stands; after a hello that started a log, and as its head moves.
  void set_position(epoch at, std::uint64_t head);

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
  /// A tick, with the upstream's head. Counts as `received`.
  void tick(link_id link, std::uint64_t head, time_point now);
  /// A beat. Counts as `received`.
  void beat(link_id link, std::uint64_t n, time_point now);
  /// The upstream said `end` for good (not: a new epoch follows).
  void ended(link_id link, time_point now);

  /// What to do now.
  upstream_action next(time_point now);

  /// The relay in use; empty when none is.
  [[nodiscard]] node_id current() const { return current_ ? current_->relay.id : node_id{}; }

private:
  struct upstream_link {
    link_id id = 0;
    ranked_relay relay;
    time_point since; ///< dialled, then in use
    time_point last_received;
    time_point hello_by;
    time_point seek_at; ///< without a beat until then, another upstream is sought
    epoch log_epoch;
    std::size_t hops = 0; ///< nodes from the origin to the upstream
    std::uint64_t head = 0;
    time_point head_moved;
    bool accept_gap = false;
    bool settled = false;
    bool leaving = false; ///< draining or gone from the order
  };

  upstream_link* find(link_id id);
  [[nodiscard]] std::optional<drop_reason> judge(const upstream_link& from, const upstream_hello& said,
                                                 time_point now) const;
  void use(const upstream_hello& said, time_point now);
  void note_beat(upstream_link& from, std::uint64_t n, time_point now);
  void note_gap(const upstream_link& from, const upstream_hello& said);
  void refuse(const node_id& relay, time_point now);
  void release(link_id id, time_point now);
  void drop(const upstream_link& from, drop_reason reason, time_point now);
  void finish(give_up_reason reason);
  void new_round(time_point now);

  void check_deadlines(time_point now);
  void check_current(time_point now);
  void check_search();
  [[nodiscard]] bool seeking(time_point now) const;
  [[nodiscard]] bool behind(const upstream_link& from) const;
  [[nodiscard]] bool askable(const ranked_relay& relay, time_point now) const;
  [[nodiscard]] const ranked_relay* lead(time_point now) const;
  [[nodiscard]] const ranked_relay* pick(time_point now) const;
  std::optional<upstream_action> seek(time_point now);
  upstream_action connect(const ranked_relay& relay, bool accept_gap, time_point now);
  [[nodiscard]] time_point next_deadline(time_point now) const;

  upstream_options options_;
  node_id self_;
  relay_health& health_;
  std::uint64_t spread_hash_; ///< of (self, key)
  std::uint64_t random_;

  upstream_order order_;
  relay_loads_ptr loads_;
  epoch epoch_;            ///< of our log, zero: none
  std::uint64_t head_ = 0; ///< of our log
  epoch beat_epoch_;
  std::uint64_t beat_ = 0; ///< newest known, of `beat_epoch_`
  std::optional<time_point> beat_at_;

  link_id last_link_ = 0;
  std::optional<upstream_link> current_;                  ///< feeds the log
  std::optional<upstream_link> candidate_;                ///< has not said a good hello yet
  std::set<node_id> tried_;                               ///< in this round through the order
  std::unordered_map<node_id, time_point> refused_until_; ///< pruned when the order changes
  std::set<node_id> without_stream_;                      ///< said not_here since the order was set
  std::optional<node_id> gap_relay_; ///< refused for a gap in this round, the smallest one
  std::uint64_t gap_first_ = 0;
  std::uint32_t exhausted_ = 0; ///< rounds in a row without success
  time_point next_round_{};
  std::deque<upstream_action> queue_;
  std::optional<give_up_reason> over_;
};

} // namespace sluice::cluster
