#include "net/http/viewers_from.hpp"

namespace sluice::net {

namespace ip = boost::asio::ip;

bool serves(viewers_from where, const ip::address& peer) noexcept {
  if (where == viewers_from::anywhere) return true;
  if (peer.is_v6() && peer.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, peer.to_v6()).is_loopback();
  return peer.is_loopback();
}

} // namespace sluice::net
