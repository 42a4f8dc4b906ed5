// How an origin learns what relays hold of a key that somebody wants to publish here. On the key's home
// worker.
#pragma once

#include "cluster/model.hpp"
#include "cluster/stream_claim.hpp"
#include "net/core/worker.hpp"
#include "net/trunk/identity.hpp"

namespace sluice::net::trunk {

using claimed = std::function<void(const cluster::claim_verdict&)>;

/// Asks `relays` for what they hold of `key` and calls `done` once, on `home`, within 0.7 s. `at_once` as in
/// `cluster::stream_claim::verdict`.
void ask_relays(worker& home, identity self, const stream_key& key,
                const std::vector<cluster::ranked_relay>& relays, bool at_once, claimed done);

} // namespace sluice::net::trunk
