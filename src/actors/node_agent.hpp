// A node's agent: spawns a link per directory, merges the lists they hear into the one the node goes by,
// keeps it on disk, and passes announcements to every link. One per node.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/node_context.hpp"
#include "cluster/merged_view.hpp"

namespace sluice::actors {

struct agent_config {
  node_context_ptr node;
  directory_actor local; ///< the directory in this node; null elsewhere
  locator_actor locator;
};

struct agent_state {
  static inline const char* name = "node_agent";

  /// A connected directory.
  struct peer {
    node_id id;
    directory_actor door;
    cluster::policy offered;                       ///< the policy it was offered ...
    cluster::merged_view::time_point offered_at{}; ///< ... and when
  };

  agent_actor::pointer self = nullptr;
  agent_config config;
  std::vector<link_actor> links;
  std::optional<cluster::merged_view> view;
  std::map<caf::actor_addr, peer> connected; ///< by handle: two addresses may lead to one directory
  std::uint64_t shown_digest = 0;            ///< of the list the others were shown
  cluster::relay_loads shown_loads;
  std::string shown_algorithm;
  bool shown = false;
  bool unsaved = false;

  void start();
  void directory_up(const directory_actor& directory, const snapshot_update& first);
  void directory_down(const directory_actor& directory, const std::string& reason);
  void heard(const snapshot_update& update);
  void heard_loads(const load_update& update);
  void step();
  caf::result<bool> leave();

private:
  [[nodiscard]] cluster::merged_view::time_point now() const { return self->clock().now(); }
  void restore();
  void show(std::uint64_t unix_ms);
  /// Says so when this build cannot rank by the algorithm that is in force now.
  void note_algorithm(const std::string& in_force);
  void save();
  void report_all_lost() const;
  /// Gives the policy in force to every directory that told of an older one: how a change made at one
  /// reaches the others, and how a directory that starts anew gets it back.
  void offer_policy();
};

agent_actor::behavior_type node_agent(agent_actor::stateful_pointer<agent_state> self, agent_config config);

} // namespace sluice::actors
