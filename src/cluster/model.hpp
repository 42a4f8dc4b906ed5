// The words of the directory: relay list, policy, snapshot, announcements, enumeration. Plain values; any
// thread. Only `cluster/` decides what they mean.
#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::cluster {

enum class node_role : std::uint8_t { origin = 1, relay, edge, directory };
std::string_view name(node_role role) noexcept;

/// In the order in which relays are ranked: every `ready` one before the first `joining` one, and so on.
enum class relay_state : std::uint8_t {
  ready = 1, ///< takes streams
  joining,   ///< has just registered: takes streams once it was heard for a moment
  draining,  ///< leaves, by its own word or by an operator's
  failing,   ///< two or more nodes say that it fails for them
  suspect    ///< its heartbeats stopped
};
std::string_view name(relay_state state) noexcept;

/// One relay as the directories list it: what it says of itself, and whether it is heard. What operators say
/// of it is in the policy; `state_under` and `weight_under` (policy.hpp) put both together.
struct relay_entry {
  node_id id;
  std::uint64_t boot_nonce = 0; ///< unix microseconds at the node's start: the greater is the newer boot
  std::string trunk_address;    ///< `host:port` other nodes connect to
  std::string zone;             ///< empty: the one zone of a cluster without zones
  double weight = 1;            ///< capacity relative to the other relays; > 0
  relay_state state = relay_state::ready;
  bool operator==(const relay_entry&) const = default;
};

/// What operators may change while the cluster runs.
struct policy {
  std::uint32_t copies = 2; ///< to how many relays the origin pushes
  std::uint32_t spread = 2; ///< among how many ranks edges choose
  std::string algorithm = "rendezvous";
  /// Unix microseconds of the newest change, greater than the version it was made to. A change made elsewhere
  /// before that adds itself without a new version. 0: nobody changed anything, this is what a directory was
  /// started with.
  std::uint64_t version = 0;
  std::vector<node_id> drained;                    ///< by an operator; sorted, unique
  std::vector<std::pair<node_id, double>> weights; ///< by an operator, over the node's own; sorted, unique
  /// The version of each thing that was ever changed, also where it was taken back: `copies`, `spread`,
  /// `algorithm`, `drain/NODE`, `weight/NODE`. Of two policies the later change of each counts (`merged`).
  /// Sorted, unique.
  std::vector<std::pair<std::string, std::uint64_t>> changes;
  bool operator==(const policy&) const = default;
};

/// The relay list and policy an enumeration is a pure function of.
struct snapshot {
  policy rules;
  std::vector<relay_entry> relays; ///< sorted by id, ids unique
  std::uint64_t digest = 0;        ///< XXH3 of the canonical form; equal digests mean equal snapshots
  bool operator==(const snapshot&) const = default;
};

/// Names a state of one directory's relay list; orders only within (directory, boot nonce).
struct revision {
  node_id directory;
  std::uint64_t boot_nonce = 0;
  std::uint64_t counter = 0; ///< changes exactly when the digest does
  bool operator==(const revision&) const = default;
};

/// What a directory pushes to those who watch it.
struct published_snapshot {
  revision at;
  bool warming = false; ///< the directory is younger than a lease period: relays may be missing
  snapshot list;
  bool store_lost = false; ///< the store does not answer: relays heard elsewhere are as it said last
};

enum class publisher_state : std::uint8_t { live = 1, grace };
std::string_view name(publisher_state state) noexcept;

/// What an origin says about a stream it carries.
struct stream_announcement {
  std::string key; ///< a valid `stream_key`
  epoch log_epoch;
  node_id origin;
  publisher_state state = publisher_state::live;
  std::uint32_t last_timestamp = 0;    ///< ms, of the newest tag
  std::uint64_t since_unix_ms = 0;     ///< when this log started
  std::string video, audio;            ///< FourCC text, empty without that track
  std::uint32_t width = 0, height = 0; ///< 0: not known
  bool operator==(const stream_announcement&) const = default;
};

/// Whether a stream exists anywhere, as far as the answering directory knows.
enum class liveness : std::uint8_t {
  live = 1,
  not_live, ///< every origin's streams are known, and it is not among them
  unknown   ///< the directory is too young to say (warming), or none answered
};
std::string_view name(liveness value) noexcept;

/// A relay in an enumeration, with the reason it stands where it does.
struct ranked_relay {
  node_id id;
  std::string trunk_address;
  std::string zone;
  relay_state state = relay_state::ready; ///< under the policy
  double score = 0;                       ///< the algorithm's; the higher, the earlier
  double weight = 1;                      ///< under the policy
  std::uint8_t load = 0;                  ///< 0 (idle, or not known) to 15 (full)
  bool operator==(const ranked_relay&) const = default;
};

/// The answer to "who carries this stream?" for one asker.
struct enumeration {
  std::vector<ranked_relay> head;  ///< the first `copies` relays: the origin pushes to these
  std::vector<ranked_relay> order; ///< for the asker: its zone's relays, then the head, then the rest
  std::uint32_t spread = 1;        ///< among how many leading ranks of `order` an edge chooses
  liveness live = liveness::unknown;
  epoch live_epoch;         ///< of the live log; zero unless `live`
  node_id origin;           ///< who has the live log; empty unless `live`
  std::uint64_t digest = 0; ///< of the snapshot it was computed from
  bool stale = false;       ///< computed from a saved snapshot: no directory answered
};

/// What a node last told its directories about how busy it is.
struct load_report {
  std::uint64_t egress_bps = 0; ///< sent to viewers and downstream nodes
  std::uint32_t viewers = 0;
  std::uint32_t streams = 0;
  std::uint64_t capacity_bps = 0; ///< what it can send; 0: not known
  std::uint32_t pulls = 0;        ///< trunk readers, over all streams
  std::uint32_t cpu_permille = 0; ///< of the cores its workers may use
  std::uint32_t loop_lag_us = 0;  ///< how late the busiest worker's timers were
  bool operator==(const load_report&) const = default;
};

/// How busy the relays of one snapshot are, each 1 s: small enough for every node, and no part of a revision.
struct load_digest {
  std::uint64_t digest = 0;         ///< of the snapshot
  std::vector<std::uint8_t> levels; ///< 4 bits a relay, in the snapshot's order, the first in the low bits
  bool operator==(const load_digest&) const = default;
};

/// Any node as a directory sees it, or several do (node_list.hpp); for people and `/api/v1/nodes`.
struct node_view {
  node_id id;
  node_role role = node_role::relay;
  std::uint64_t boot_nonce = 0;
  std::string zone;
  std::string trunk_address;
  std::string public_url;
  std::string version;
  double weight = 1;                      ///< under the policy
  relay_state state = relay_state::ready; ///< under the policy
  std::uint32_t last_heard_ms = 0;        ///< age of its newest heartbeat
  load_report load;
  std::uint8_t load_level = 0;      ///< of `load`, smoothed: 0 (idle) to 15 (full)
  bool drained = false;             ///< by an operator
  std::vector<node_id> failing_for; ///< nodes for which it fails at present, as they say; a few of them
  bool elsewhere = false;           ///< only the store lists it: other directories hear it, this one does not
  std::vector<node_id> heard_by;    ///< directories that have its lease; sorted
};

/// A stream that another origin publishes too, with a newer log.
struct lost_stream {
  std::string key;
  epoch newest; ///< of that log
};

} // namespace sluice::cluster
