// A node's connection to one directory: dials, registers, beats, announces and watches, and begins again
// with growing pauses whenever that ends. One per directory address, spawned by the agent.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/node_context.hpp"

#include <map>
#include <random>

namespace sluice::actors {

struct link_config {
  node_context_ptr node;
  std::size_t index = 0; ///< on the status board
  std::string address;   ///< empty for a directory in this node
  directory_actor local; ///< null unless in this node
  agent_actor agent;
};

class dial_gate;

struct link_state {
  static inline const char* name = "directory_link";

  link_actor::pointer self = nullptr;
  link_config config;
  std::shared_ptr<dial_gate> gate;
  std::minstd_rand random;
  std::chrono::milliseconds pause{0}; ///< before the next attempt
  directory_actor directory;          ///< null while not connected
  bool online = false;                ///< registered and watching
  bool draining = false;
  bool waiting = false;                              ///< the next attempt's timer runs
  std::uint64_t beats = 0;                           ///< which connection the beats belong to
  std::map<std::string, announce_request> streams;   ///< what this node publishes, by key
  std::map<std::string, withdraw_request> withdrawn; ///< what the directory may not know to have ended

  /// The next attempt: a connection, or a registration on the one there is.
  void attempt();
  void connected(const caf::strong_actor_ptr& peer);
  void enter();
  void watch();
  void go_online(const snapshot_update& first);
  void beat(std::uint64_t series);
  /// One heartbeat now.
  void send_beat();
  void hear_lost(const heartbeat_answer& answer) const;
  void set_draining(bool on);
  void announce(const announce_request& stream);
  void withdraw(const withdraw_request& stream);
  /// Ends the lease in order; false when there was none or no answer came.
  caf::result<bool> leave();
  /// The attempt or the connection failed; tries again after a pause.
  void failed(const std::string& reason);
  void directory_gone(const caf::down_msg& message);
  std::chrono::milliseconds jittered(std::chrono::milliseconds span, double share);
  void send_announcement(const announce_request& stream);
  void send_withdrawal(const withdraw_request& stream);
};

link_actor::behavior_type directory_link(link_actor::stateful_pointer<link_state> self, link_config config);

} // namespace sluice::actors
