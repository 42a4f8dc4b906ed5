#include "net/trunk/identity.hpp"

#include <fmt/format.h>

namespace sluice::net::trunk {

namespace {

mac prove(std::string_view secret, side by, const nonce& own, const nonce& peer, std::string_view cluster,
          std::string_view node) {
  auto role = by == side::client ? as_bytes("client") : as_bytes("server");
  return hmac_sha256(secret, {as_bytes(subprotocol), role, own, peer, as_bytes(cluster), as_bytes(node)});
}

} // namespace

introduction introduce(const identity& self, side as, const nonce& own, const nonce& peer) {
  return {version, self.cluster, self.node, own, prove(self.secret, as, own, peer, self.cluster, self.node)};
}

result<void> check(const identity& self, const introduction& said, side by, const nonce& own) {
  if (said.version != version)
    return error{errc::unsupported,
                 fmt::format("{} speaks trunk version {}, this node {}", said.node, said.version, version)};
  if (said.cluster != self.cluster)
    return error{errc::conflict, fmt::format("{} belongs to cluster '{}', this node to '{}'", said.node,
                                             said.cluster, self.cluster)};
  auto expected = prove(self.secret, by, said.nonce, own, said.cluster, said.node);
  if (!equal_in_constant_time(expected, said.proof))
    return error{errc::unauthorized, fmt::format("{} does not know this cluster's secret", said.node)};
  return {};
}

} // namespace sluice::net::trunk
