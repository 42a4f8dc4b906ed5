#include "net/core/socket.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

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

void acknowledge_reads(socket& s) {
  set_tcp_option(s, TCP_QUICKACK, 1);
}

std::size_t write_now(socket& s, std::span<const asio::const_buffer> bytes,
                      boost::system::error_code& failed) noexcept {
  std::array<iovec, 8> parts;
  msghdr message{};
  message.msg_iov = parts.data();
  for (const auto& part : bytes)
    if (part.size() > 0) parts[message.msg_iovlen++] = {const_cast<void*>(part.data()), part.size()};
  auto sent = ::sendmsg(s.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno != EAGAIN && errno != EINTR) failed.assign(errno, boost::system::system_category());
  return 0;
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
