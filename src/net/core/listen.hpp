// Opens a listening socket for `host:port` as operators write it, and says in one sentence why it cannot.
// Used by every listener: HTTP, RTMP, trunk, control. Called at start, on any thread.
#pragma once

#include "base/host_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace sluice::net {

namespace asio = boost::asio;

struct listen_options {
  bool reuse_port = false; ///< several acceptors of this process share the port (one a worker)
  int backlog = 1024;      ///< connections the kernel keeps for us
  std::string flag_name;   ///< the option that chooses the address, e.g. `--http-listen`, for the error text
  /// Whether to probe for another holder before sharing the port; the first acceptor of a port probes, the
  /// next ones, which share it, must not.
  bool probe = true;
};

/// Binds and listens. An empty host means every interface, v6 and v4 on one socket (v4 only where the machine
/// has no v6). Port 0 takes a free port: read it back with `local_endpoint().port()`.
/// Errors: `bad_argument` (no such address), `io`, e.g. `cannot listen on 0.0.0.0:7700: in use by pid 4242
/// (sluice); choose another with --control-listen`.
result<asio::ip::tcp::acceptor> open_listener(asio::io_context& io, const host_port& address,
                                              const listen_options& options);

} // namespace sluice::net
