// The words of `upstream_choice`: its options, the candidates, what it is told and what it asks for. Plain
// values; any thread.
#pragma once

#include "cluster/enumeration.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <variant>

namespace sluice::cluster {

struct upstream_options {
  using ms = std::chrono::milliseconds;
  std::size_t hedge = 1;      ///< pulls at once, 1 or 2; whichever is first extends the log
  ms connect_limit{300};      ///< connect + upgrade + hello together
  ms search_limit{1500};      ///< instead, when the upstream says that it looks for the stream itself, or
                              ///< nobody feeds and nobody else can be asked
  ms silent_limit{600};       ///< no byte at all: the hop is dead
  ms beat_limit{600};         ///< no beats: the path is dead after this ...
  ms beat_limit_per_hop{400}; ///< ... plus this per node of the upstream's path ...
  ms beat_jitter{150};        ///< ... plus up to this, so that many readers do not leave at once
  ms late_limit{300};         ///< beats so much later than the best known: the path is slow; plus ...
  ms late_limit_per_hop{200}; ///< ... this per node of the upstream's path
  ms late_pause{5000};        ///< a path is not left for being slow so soon after the last time; doubles ...
  ms longest_late_pause{80000}; ///< ... up to this
  ms progress_limit{300};       ///< an upstream behind our head whose head stands still
  ms refused_for{1000};         ///< a relay that said not_here, or was refused by us, is not asked again
  ms settle_after{1000};        ///< a link in use for so long has proven itself: its relay is healthy
  ms grace{10000};              ///< without any beat for so long the origin is lost
  ms first_wait{100};           ///< after the whole order failed; doubles ...
  ms longest_wait{1000};        ///< ... up to this, each +-25 %
  ms home_wait{10000};          ///< away from the leading ranks so long, a link moves back; doubles with ...
  ms longest_home_wait{300000}; ///< ... each move, up to this, each +-25 %
  ms apart_wait{250}; ///< both pulls of a hedge share a relay, and no better pair was found; doubles ...
  ms longest_apart_wait{2000}; ///< ... up to this, each +-25 %
  std::uint8_t load_step = 3;  ///< a leading relay so much less loaded (of 15) is worth a move
  std::size_t max_path = 4;    ///< nodes in an upstream's path
  std::size_t probe_ranks = 3; ///< so many not_here answers end a search that is not `patient`
};

/// The candidates, in order, and how to ask them.
struct upstream_order {
  std::vector<ranked_relay> relays;
  std::vector<node_id> head; ///< of them, those the origin feeds; empty: not known
  std::uint32_t spread = 1;  ///< a stream is at home at one of so many leading ranks
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

/// Why a link is left.
enum class drop_reason : std::uint8_t {
  timed_out = 1, ///< no hello within `connect_limit`
  silent,        ///< no byte within `silent_limit`
  no_beats,      ///< its path is silent, and another's is not
  late,          ///< its path is slow, and another's is not
  loop,          ///< this node is in the upstream's path
  too_deep,      ///< its path is longer than `max_path`; if it grew in use, another feeds
  stale,         ///< its epoch is lower than ours
  gap,           ///< it no longer has our offset, and others may
  behind,        ///< its head stands still below ours
  not_better,    ///< a probe that had no higher beat or epoch, or was no longer needed
  shared_way,    ///< a second pull by the first one's relay, and others may be apart
  leaving,       ///< its relay drains or is gone from the order, and another feeds
  moved,         ///< another feeds that is in a leading rank
  surplus,       ///< enough others feed
  closed,        ///< by the peer or the network
  refused,       ///< the peer lacks the stream, or one of the two refused the other
  finished       ///< the stream ended or was given up
};
constexpr std::size_t drop_reasons = static_cast<std::size_t>(drop_reason::finished) + 1;
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
  bool probe; ///< other links are in use and stay so
};
/// Which relay led before, and why it does not any more.
struct departure {
  node_id relay;
  drop_reason reason;
};
/// The link's hello is good: from here on its bytes extend the log, if they are the first.
struct use_upstream {
  link_id link;
  bool accept_gap; ///< its `first` is past our head, and no other relay has more
  bool lead;       ///< no other link is in use: its path is the log's
  std::optional<departure> after;
};
/// Of the links in use this one leads now: its path is the log's.
struct lead_upstream {
  link_id link;
  std::optional<departure> after;
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
using upstream_action =
    std::variant<connect_upstream, use_upstream, lead_upstream, drop_upstream, wait_until, give_up>;

/// Per relay, 0 (idle) to 15 (full).
using relay_loads = std::unordered_map<node_id, std::uint8_t>;
/// Shared by all streams of a node; null: nothing is known.
using relay_loads_ptr = std::shared_ptr<const relay_loads>;

} // namespace sluice::cluster
