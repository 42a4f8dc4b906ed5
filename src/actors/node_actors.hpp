// The actors of one node: spawned together, ended together, and meanwhile asked and told by whoever is none.
// Owned by the node's bridge. Any thread, but spawned and ended by the one that holds the actor system.
#pragma once

#include "actors/directory.hpp"
#include "actors/node_context.hpp"

#include <functional>
#include <mutex>
#include <optional>

namespace sluice::actors {

class node_actors {
public:
  /// Put to the locator by an actor whose end is the end of the question.
  using question = std::function<void(caf::event_based_actor*, const locator_actor&)>;

  explicit node_actors(node_context_ptr node) : node_(std::move(node)) {}
  node_actors(const node_actors&) = delete;
  node_actors& operator=(const node_actors&) = delete;

  /// With `own`, the node is a directory too, and serves whom its sockets accept.
  void spawn(caf::actor_system& sys, std::optional<directory_config> own);
  /// Leaves the directories in order, within the node's limits, and tells every actor to end.
  void end(caf::actor_system& sys);

  /// Destroyed unasked before `spawn` and after `end`.
  void ask(question what);

  /// Nobody hears it before `spawn` and after `end`.
  template <class... Parts>
  void tell_agent(const Parts&... parts) {
    std::lock_guard lock(mutex_);
    if (agent_) caf::anon_send(agent_, parts...);
  }

private:
  class serve_gate;
  void spawn_directory(caf::actor_system& sys, directory_config config);

  node_context_ptr node_;
  std::shared_ptr<serve_gate> gate_;
  std::mutex mutex_; ///< guards the handles below, which callers use while `end` drops them
  caf::actor asker_;
  agent_actor agent_;
  locator_actor locator_;
  directory_actor directory_;
};

} // namespace sluice::actors
