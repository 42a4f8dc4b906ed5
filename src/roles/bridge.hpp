// The control plane of one node, assembled: its actor system, its actors, and the port through which the data
// plane talks to them. Owned by the node; any thread. The source beside this header is the only one that
// includes CAF's world and the ports' callers at once.
#pragma once

#include "actors/control_limits.hpp"
#include "base/logging.hpp"
#include "cluster/directory_state.hpp"
#include "plane/ports.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sluice::roles {

struct control_node_options {
  cluster::node_registration self;
  std::vector<std::string> directories; ///< `host:port`, all of them are used
  /// Folder in which the last relay list is kept as `relays-<id>.json`; must exist. Empty: nowhere.
  std::string state_dir;
  actors::control_limits limits;

  bool serve_directory = false; ///< this node is a directory, and its own client too
  cluster::policy rules;        ///< of that directory
  std::chrono::milliseconds suspect_after{3000};
  std::chrono::milliseconds expire_after{5000};
  /// How often that directory looks at its leases and tells its watchers of changes.
  std::chrono::milliseconds directory_step{100};
  plane::store* store = nullptr; ///< of that directory; null: it keeps all in memory. Outlives the node
};

class control_node {
public:
  /// `sockets` dials the directories and, for a directory, has the listener; null for a directory that
  /// neither serves nor dials. `data` may be null. Both outlive this.
  control_node(control_node_options options, plane::control_sockets* sockets, plane::data* data, logger log);
  /// Stops.
  ~control_node();
  control_node(const control_node&) = delete;
  control_node& operator=(const control_node&) = delete;

  /// Starts dialling and serving. Called once.
  void start();
  /// Leaves the directories in order and ends the actors; blocks for less than a second, ten at the worst.
  /// Requests under way are answered `closed` before it returns. Idempotent.
  void stop();

  /// Valid as long as this; answers `closed` before `start` and after `stop`.
  plane::control& control() noexcept;

  /// Tells the directories with each heartbeat that this node leaves soon: no new streams, please.
  void set_draining(bool draining);

  /// The relay list in force, null before any was seen.
  [[nodiscard]] std::shared_ptr<const cluster::snapshot> relay_list() const;

  /// Of the directory this node is.
  struct directory_figures {
    bool frozen = false;               ///< most relays fell silent at once and are kept
    std::uint64_t relays_left_out = 0; ///< alive beyond the longest list there may be
    std::uint64_t untracked = 0;       ///< times a stream was left out of the demand
  };
  [[nodiscard]] directory_figures figures() const;

private:
  class bridge;
  std::unique_ptr<bridge> bridge_;
};

} // namespace sluice::roles
