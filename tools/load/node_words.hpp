// What a node says on its control connection, byte for byte as CAF 0.17.6 writes it, so that many nodes fit
// into one process: each number is a node of its own, with a CAF node id and a name of its own. Written by
// CAF's serializer after what a real node was seen to send. Owned by the crowd, on its worker.
#pragma once

#include "actors/system.hpp"
#include "base/bytes.hpp"

#include <string>

namespace sluice::load {

/// How node `number` introduces itself to a directory, as a relay or an edge.
actors::register_request registration(std::size_t number, bool relay);

class node_words {
public:
  /// The actors that a node's side of the conversation has.
  static constexpr caf::actor_id greeter = 11, link = 9, spawn_server = 1;
  /// The link's first two requests; heartbeats follow.
  static constexpr std::uint64_t registers = 1, watches = 2;

  /// Nodes below `relays` are relays, the others edges. `types` outlives this.
  node_words(caf::actor_system& types, const actors::directory_actor& directory, std::size_t relays)
      : types_(types), directory_(directory.id()), directory_node_(directory.node()), relays_(relays) {}

  /// Answers the server's handshake.
  [[nodiscard]] byte_buffer greeting(std::size_t number) const;
  /// Follows when the directory's greeter has asked: chooses this connection, asks back, answers, observes
  /// what it holds handles of, registers.
  [[nodiscard]] byte_buffer entrance(std::size_t number, caf::actor_id asked_by) const;
  /// Follows the answer to this node's greeter, which named an actor of the directory's.
  [[nodiscard]] byte_buffer observe(std::size_t number, caf::actor_id actor) const;
  /// Wants the directory's lists and loads.
  [[nodiscard]] byte_buffer watch(std::size_t number) const;
  [[nodiscard]] byte_buffer heartbeat(std::size_t number, std::uint64_t request) const;

private:
  class packets;

  caf::actor_system& types_;
  caf::actor_id directory_;
  caf::node_id directory_node_;
  std::size_t relays_;
};

} // namespace sluice::load
