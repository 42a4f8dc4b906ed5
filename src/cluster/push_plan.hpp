// Which relays an origin starts and stops pushing a stream to when the enumeration's head changes or a relay
// of it does not take the push. A pure function; any thread.
#pragma once

#include "cluster/model.hpp"

#include <span>

namespace sluice::cluster {

/// A push that exists, connected or trying to.
struct push_state {
  node_id relay;
  bool flowing = false; ///< the relay takes bytes and was back-filled
  bool failing = false; ///< it has not taken any for so long that another is to stand in
};

struct push_plan {
  std::vector<ranked_relay> start; ///< in rank order
  std::vector<node_id> stop;
};

/// Starts a push to every relay of `head` that has none, and for each that is failing one to the next relay
/// of `order` that is not: with no directory alive nobody else takes a dead relay from the head. Stops a push
/// to any other relay when it does not flow, or when as many others flow as `head` has relays: the new flows
/// before the old ends. An empty `head` (no relay known) changes nothing. Ask again whenever an argument
/// changes.
push_plan plan_pushes(std::span<const ranked_relay> head, std::span<const ranked_relay> order,
                      std::span<const push_state> pushes);

} // namespace sluice::cluster
