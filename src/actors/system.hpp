// One actor system: its configuration, message types and threads. One per node; several live in one process.
// Owned by the node's assembly; any thread.
#pragma once

#include "actors/interfaces.hpp"

#include <caf/io/middleman.hpp>

namespace sluice::actors {

/// CAF's settings for a node. CAF neither listens nor connects (see `fd_transport`), so nothing of its
/// networking is configured here.
class system_config : public caf::actor_system_config {
public:
  system_config();
};

/// Members are destroyed in reverse order: the system waits for its actors, which must have been told to end.
class system {
public:
  system() : actors_(config_) {}
  system(const system&) = delete;
  system& operator=(const system&) = delete;

  caf::actor_system& get() noexcept { return actors_; }

private:
  system_config config_;
  caf::actor_system actors_;
};

} // namespace sluice::actors
