// The directory as an actor: takes requests, lets time pass, pushes new lists to its watchers, and keeps the
// store, if it has one, at what it hears. All decisions are `cluster::directory_state`'s. One per directory
// node, in its actor system.
#pragma once

#include "actors/store_link.hpp"
#include "base/logging.hpp"

#include <atomic>
#include <chrono>

namespace sluice::actors {

/// What `/metrics` tells of a directory. Any thread.
struct directory_gauges {
  std::atomic<std::uint64_t> relays_left_out{0};   ///< see `cluster::directory_state::relays_left_out`
  std::atomic<bool> frozen{false};                 ///< see `cluster::directory_state::frozen`
  std::atomic<std::uint64_t> untracked_streams{0}; ///< see `cluster::directory_state::untracked_streams`
};

struct directory_config {
  cluster::directory_options options;
  /// How often leases are looked at and watchers told: a burst of changes is one push.
  std::chrono::milliseconds step{100};
  std::chrono::milliseconds load_period{1000}; ///< between two load digests
  std::shared_ptr<store_link> store;           ///< null: this directory keeps all in memory
  std::shared_ptr<directory_gauges> gauges = std::make_shared<directory_gauges>();
  logger log;
};

/// A list answer holds about so much, so that it stays below the guard's limit of 1 MiB a message.
constexpr std::size_t max_page_bytes = std::size_t{256} << 10;
/// Ranks in an answer: nobody tries more relays for a stream.
constexpr std::size_t max_answer_ranks = 256;

struct directory_actor_state {
  static inline const char* name = "directory";

  /// An operator's change on its way into the store.
  struct pending_change {
    cluster::policy rules;
    std::optional<caf::typed_response_promise<overview_answer>> promise; ///< none: no operator waits
  };

  /// News on its way through the watchers, in the order of their addresses.
  struct round {
    bool open = false;
    caf::actor_addr told_to; ///< who was told last
  };

  directory_actor::pointer self = nullptr;
  directory_config config;
  std::optional<cluster::directory_state> directory;
  std::map<caf::actor_addr, watcher_actor> watchers;
  cluster::revision told; ///< what the watchers know
  bool told_warming = true;
  bool told_store_lost = false;
  cluster::directory_state::time_point loads_told{};
  caf::message loads; ///< as they were when their round began
  round list_round, loads_round;
  bool goes_on = false;                            ///< a step of the rounds is on its way
  bool store_lost = false;                         ///< there is one, and it does not answer
  std::uint64_t stored_version = 0;                ///< of the store's policy, as far as is known
  std::map<std::uint64_t, pending_change> changes; ///< by ticket
  std::uint64_t last_ticket = 0;

  [[nodiscard]] cluster::directory_state::time_point now() const;
  caf::result<register_answer> enter(const register_request& request);
  caf::result<heartbeat_answer> heartbeat(const heartbeat_request& request);
  caf::result<void> announce(const announce_request& request);
  caf::result<void> withdraw(const withdraw_request& request);
  caf::result<enumerate_answer> enumerate(const stream_query& query);
  caf::result<recall_answer> recall(const stream_query& query) const;
  [[nodiscard]] stream_page streams_after(const std::string& key) const;
  [[nodiscard]] node_page nodes_after(const std::string& id) const;
  caf::result<snapshot_update> watch(const watcher_actor& who);
  void forget(const caf::actor_addr& who);
  /// Lets time pass, and tells the watchers and the store of what changed since the last step.
  void step();
  [[nodiscard]] std::size_t list_size();
  /// Tells the watchers of a list they do not know.
  void push();
  /// Tells the next watchers of what goes round.
  void tell_more();

  // directory_policy.cpp
  [[nodiscard]] overview_answer overview();
  /// Done when it is in force here, and in the store if there is one.
  caf::result<overview_answer> change(const change_request& request);
  /// A node's newer policy: taken over, by way of the store if there is one.
  void offer(const cluster::policy& rules);
  bool thaw();
  /// Takes what the store said.
  void hear_store();

private:
  snapshot_update published();
  void begin(round& news);
  void tell_some(round& news, const caf::message& what);
  void tell_loads();
  void tell_left_out() const;
  void tell_frozen();
  void tell_store();
  [[nodiscard]] result<cluster::policy> plan(const cluster::policy_change& change) const;
  void put_in_force(const cluster::policy& rules);
  /// Into the store; without a promise it was not an operator who asked.
  void put_in_store(const cluster::policy& rules,
                    std::optional<caf::typed_response_promise<overview_answer>> promise);
  void adopt(const plane::store_contents& said);
  void conclude(const store_link::outcome& outcome);
};

directory_actor::behavior_type directory(directory_actor::stateful_pointer<directory_actor_state> self,
                                         directory_config config);

} // namespace sluice::actors
