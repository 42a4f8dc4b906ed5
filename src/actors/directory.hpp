// The directory as an actor: takes requests, lets time pass, and pushes new lists to its watchers. All
// decisions are `cluster::directory_state`'s. One per directory node, in its actor system.
#pragma once

#include "actors/interfaces.hpp"
#include "base/logging.hpp"

#include <chrono>

namespace sluice::actors {

struct directory_config {
  cluster::directory_options options;
  /// How often leases are looked at and watchers told: a burst of changes is one push.
  std::chrono::milliseconds step{100};
  logger log;
};

/// A list answer holds about so much, so that it stays below the guard's limit of 1 MiB a message.
constexpr std::size_t max_page_bytes = std::size_t{256} << 10;
/// Ranks in an answer: nobody tries more relays for a stream.
constexpr std::size_t max_answer_ranks = 256;

struct directory_actor_state {
  static inline const char* name = "directory";

  directory_actor::pointer self = nullptr;
  directory_config config;
  std::optional<cluster::directory_state> directory;
  std::vector<watcher_actor> watchers;
  cluster::revision told; ///< what the watchers know
  bool told_warming = true;

  [[nodiscard]] cluster::directory_state::time_point now() const;
  caf::result<register_answer> enter(const register_request& request);
  caf::result<void> announce(const announce_request& request);
  caf::result<void> withdraw(const withdraw_request& request);
  caf::result<enumerate_answer> enumerate(const stream_query& query);
  caf::result<void> drain(const std::string& id, bool drained);
  caf::result<recall_answer> recall(const stream_query& query) const;
  [[nodiscard]] stream_page streams_after(const std::string& key) const;
  [[nodiscard]] node_page nodes_after(const std::string& id) const;
  overview_answer overview();
  snapshot_update watch(const watcher_actor& who);
  void forget(const caf::actor_addr& who);
  /// Lets time pass and tells the watchers of what changed since the last step.
  void step();
};

directory_actor::behavior_type directory(directory_actor::stateful_pointer<directory_actor_state> self,
                                         directory_config config);

} // namespace sluice::actors
