// The data plane's socket type: TCP with a concrete executor, so that no operation goes through a type-erased
// one, and the options every long-lived connection gets. On the connection's worker.
#pragma once

#include "net/core/worker.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace sluice::net {

using tcp = asio::ip::tcp;
using socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;

/// No Nagle; at most ~128 KiB unsent in the kernel beyond what the peer's window takes; a peer that
/// acknowledges nothing for 10 s is dead. The send buffer stays at the kernel's autotuning.
void tune(socket& s);

/// The peer's address without port, for logs and authorisation.
std::string peer_address(const socket& s);

/// The same connection on another worker: nothing may be pending on `s`, which is left closed. Errors: `io`.
result<socket> move_to(worker& to, socket s);

} // namespace sluice::net
