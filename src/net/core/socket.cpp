#include "net/core/socket.hpp"

#include <netinet/tcp.h>

namespace sluice::net {

namespace {
constexpr int unsent_limit = 128 * 1024;
constexpr int dead_after_ms = 10'000;

void set_tcp_option(socket& s, int option, int value) {
  // Best effort: a kernel without the option carries the stream all the same.
  ::setsockopt(s.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
}
} // namespace

void tune(socket& s) {
  set_tcp_option(s, TCP_NODELAY, 1);
  set_tcp_option(s, TCP_NOTSENT_LOWAT, unsent_limit);
  set_tcp_option(s, TCP_USER_TIMEOUT, dead_after_ms);
}

std::string peer_address(const socket& s) {
  boost::system::error_code failed;
  auto peer = s.remote_endpoint(failed);
  if (failed) return "gone";
  auto address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

result<socket> move_to(worker& to, socket s) {
  boost::system::error_code failed;
  auto local = s.local_endpoint(failed);
  auto handle = failed ? -1 : s.release(failed);
  if (failed) return error{errc::io, "cannot move a connection: " + failed.message()};
  socket moved(to.io());
  moved.assign(local.protocol(), handle, failed);
  if (failed) {
    ::close(handle);
    return error{errc::io, "cannot move a connection: " + failed.message()};
  }
  return moved;
}

} // namespace sluice::net
