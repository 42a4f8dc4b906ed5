// Introducing a node on a trunk connection and checking the peer's introduction (docs/trunk.md, "Proof").
// The server's nonce comes first, in its challenge; each side's proof is over both nonces and its own role,
// so that nothing can be replayed or sent back to its maker. Pure; any thread.
#pragma once

#include "net/trunk/messages.hpp"

namespace sluice::net::trunk {

struct identity {
  std::string cluster;
  node_id node;
  std::string secret; ///< empty: everybody who knows the cluster's name is believed
};

enum class side : std::uint8_t { client, server };

/// The introduction of `self` as `as`, whose nonce is `own`; `peer` is the other side's.
introduction introduce(const identity& self, side as, const nonce& own, const nonce& peer);

/// Whether `said`, by the side `by`, fits. `own` is the nonce of this side. Errors: `unsupported` (protocol
/// version), `conflict` (another cluster), `unauthorized` (the proof is not one of this secret).
result<void> check(const identity& self, const introduction& said, side by, const nonce& own);

} // namespace sluice::net::trunk
