#include "net/control/peers.hpp"

#include <fmt/format.h>

#include <sys/socket.h>

namespace sluice::net {

namespace {

using asio::ip::tcp;
using local_socket = asio::local::stream_protocol::socket;

struct socket_pair {
  local_socket ours;
  unique_fd theirs;
};

result<socket_pair> open_pair(asio::io_context& io) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
    return error{errc::io, fmt::format("no socketpair: {}", std::generic_category().message(errno))};
  return socket_pair{local_socket(io, asio::local::stream_protocol(), fds[0]), unique_fd(fds[1])};
}

} // namespace

std::uint64_t control_peers::under_way(std::function<void()> end) {
  ends_.emplace(next_id_, std::move(end));
  return next_id_++;
}

void control_peers::end_all() {
  closed_ = true;
  for (auto& [id, end] : std::exchange(ends_, {}))
    end();
}

result<unique_fd> control_peers::attach(tcp::socket network, basp_sender remote, std::string peer_name) {
  auto pair = open_pair(io);
  if (!pair) return pair.error();
  boost::system::error_code ignored;
  network.set_option(tcp::no_delay(true), ignored);
  auto id = next_id_++;
  pump::setup how;
  how.room = room_;
  how.peer = std::move(peer_name);
  how.remote = remote;
  how.idle_limit = options.idle_limit;
  how.counters = counters;
  how.log = log;
  how.closed = [weak = weak_from_this(), id] {
    if (auto self = weak.lock()) self->over(id);
  };
  auto connection = std::make_shared<pump>(std::move(network), std::move(pair->ours), std::move(how));
  ends_.emplace(id, [weak = std::weak_ptr(connection)] {
    if (auto open = weak.lock()) open->close();
  });
  connection->start();
  ++counters->proven;
  return std::move(pair->theirs);
}

} // namespace sluice::net
