// The seam between the control plane (actors) and the data plane (sockets): plain structs and abstract
// classes, no CAF and no Asio type in any signature.
//
// Contract: a request gets exactly one reply, on error and timeout too; the reply is resumed on the caller's
// executor; no call blocks or throws across the seam. Every function may be called from any thread. An
// executor lives until the reply came; a caller that cannot promise that owns it from within the reply.
#pragma once

#include "base/ids.hpp"
#include "cluster/load.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::plane {

/// Where a reply is resumed: a worker of the data plane, or a test's queue.
class executor {
public:
  virtual ~executor() = default;
  /// Runs `task` later on this executor's thread. Never runs it inside the call.
  virtual void post(std::function<void()> task) = 0;
};

template <class T>
using reply = std::function<void(result<T>)>;

/// What the directories remember of a key's earlier logs; an origin asks before it stamps a new log.
struct stream_memory {
  epoch last;                         ///< newest epoch known, zero if none
  std::uint32_t last_timestamp = 0;   ///< ms, newest tag of that log
  std::optional<node_id> live_origin; ///< who publishes it right now
};

struct stream_list {
  bool fresh = false; ///< a directory answered just now; otherwise the last list seen
  std::vector<cluster::stream_announcement> streams;
};

struct directory_status {
  std::string address;
  bool connected = false;
  std::string problem; ///< why not connected, for people
  std::uint64_t last_heard_unix_ms = 0;
};

/// The state of a node's relation to its directories; for `/readyz`, `/metrics` and the start-up block.
struct control_status {
  std::vector<directory_status> directories;
  bool has_snapshot = false;
  std::uint64_t digest = 0;
  std::uint64_t snapshot_unix_ms = 0; ///< when the snapshot was received (or saved, if it came from disk)
  bool store_lost = false;            ///< a directory says that its store does not answer
  bool algorithm_unknown = false;     ///< this build lacks the algorithm of the snapshot
};

/// The data plane asks and announces. Implemented by `roles/bridge` over the node's actors.
class control {
public:
  virtual ~control() = default;

  /// Who carries `key`, from a directory within its timeout, else computed from the last snapshot (`stale`).
  /// Errors: `unavailable` (no snapshot was ever seen).
  virtual void enumerate(stream_key key, executor& caller, reply<cluster::enumeration> done) = 0;

  /// What the directories remember of `key`. Errors: `unavailable` (none answered within `timeout`).
  virtual void recall(stream_key key, executor& caller, reply<stream_memory> done) = 0;

  /// Tells every directory that this origin carries the stream; again on change of any field but the
  /// timestamp, which heartbeats carry.
  virtual void announce(cluster::stream_announcement stream) = 0;
  /// The log ended; ignored when a newer epoch was announced since.
  virtual void withdraw(stream_key key, epoch log_epoch) = 0;

  virtual void streams(executor& caller, reply<stream_list> done) = 0;
  virtual void nodes(executor& caller, reply<std::vector<cluster::node_view>> done) = 0;

  [[nodiscard]] virtual control_status status() const = 0;
};

/// The control plane tells and reads. Implemented by the data plane of each node.
class data {
public:
  virtual ~data() = default;

  /// The relay list or policy changed: ask again for the keys this node carries (batched and jittered by
  /// the callee).
  virtual void snapshot_changed(std::uint64_t digest) = 0;

  /// The present load; cheap, called with each heartbeat.
  [[nodiscard]] virtual cluster::load_report load() const = 0;

  /// The newest timestamp of each stream this node publishes, for its heartbeats: (key, ms).
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::uint32_t>> timestamps() const = 0;

  /// How busy the relays are, for the choice among equals; each second, and not complete.
  virtual void loads_changed(const cluster::relay_loads& loads) = 0;

  /// The relays that fail for this node at present, though the directories list them.
  [[nodiscard]] virtual std::vector<node_id> failing() const = 0;

  /// Another origin announced `key` with the log `newest`: this node yields if its own log is older. Said
  /// again with each heartbeat while both claim the stream.
  virtual void stream_lost(const stream_key& key, epoch newest) = 0;

  /// How many nodes pull each stream from this one: (key, pulls).
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::uint32_t>> pulls() const = 0;
};

/// Why the holder of a control connection ends it.
enum class line_fault : std::uint8_t {
  bad_header = 1, ///< the peer sent what CAF must not see
  unread          ///< the peer does not read what is sent
};

/// A connection whose peer has proven the cluster secret. Whoever holds it has the connection, which ends
/// with it. Used by one thread at a time, whichever.
class control_line {
public:
  /// Ends before a descriptor that was taken is closed: until then its maker may shut the connection down.
  virtual ~control_line() = default;

  /// The connected socket, which the caller closes from now on.
  virtual int take() = 0;
  /// Bytes came from the peer; one that is silent for too long loses the connection.
  virtual void heard() = 0;
  /// Shuts the connection down, once. `reason` is for people.
  virtual void end(line_fault why, std::string_view reason) = 0;
};

using control_line_ptr = std::unique_ptr<control_line>;

/// The control plane's sockets: Asio connects, accepts and has the cluster secret proven; a proven connection
/// is handed to CAF. Implemented by `net/control`.
class control_sockets {
public:
  virtual ~control_sockets() = default;

  /// Connects to a directory (`host:port`) and proves the cluster secret both ways. Errors: `io` (refused,
  /// unreachable, with the address), `timed_out`, `unauthorized`.
  virtual void dial(std::string address, executor& caller, reply<control_line_ptr> done) = 0;

  /// From now on every accepted and proven peer is handed to `peer`.
  virtual void serve(std::function<void(control_line_ptr)> peer) = 0;
};

/// What the directories of a cluster keep together. Relays are listed once per directory that hears them:
/// one lives while any directory does.
struct store_contents {
  cluster::policy rules;                    ///< of version 0 while none was ever written
  std::vector<cluster::relay_entry> relays; ///< sorted by id, ids unique: the newest boot of each
  std::uint64_t revision = 0;               ///< the store's own; grows with every change
  bool fresh = false;                       ///< false: the store does not answer, this is what it said last
};

/// A directory's durable state, shared with the other directories. Heartbeats stay the fast detector; the
/// store is told of identities, states and weights, on change only.
class store {
public:
  virtual ~store() = default;

  /// From now on `changed` is posted to `caller` with everything: once the store answered, after each change,
  /// and when it is lost or found again. Called once.
  virtual void watch(executor& caller, std::function<void(const store_contents&)> changed) = 0;

  /// This directory hears `relay`, as it says. Kept until `remove_relay`, over losses of the store; only the
  /// newest word per relay is written.
  virtual void put_relay(cluster::relay_entry relay) = 0;
  /// This directory no longer hears it.
  virtual void remove_relay(node_id relay) = 0;

  /// Adds the changes of `rules` to the policy if it is still of version `expected`. Errors: `conflict`
  /// (somebody else changed it), `unavailable` (the store does not answer within its timeout), and as
  /// `check_policy` of both together.
  virtual void put_policy(cluster::policy rules, std::uint64_t expected, executor& caller,
                          reply<void> done) = 0;
};

enum class action : std::uint8_t { publish = 1, play };

/// Whether `peer` (an address without port) may do `what` with the stream; `params` are the URL's. Today
/// everybody may; tokens and hooks take this place.
result<void> authorize(action what, const stream_key& key, std::string_view params, std::string_view peer);

} // namespace sluice::plane
