// A TCP port served by every worker of a pool: one listening socket a worker on the shared port, so that the
// kernel spreads connections and each lives where it was accepted.
#pragma once

#include "net/core/listen.hpp"
#include "net/core/socket.hpp"

namespace sluice::net {

class acceptor_group {
public:
  /// Called on the worker that accepted; owns the socket.
  using accepted = std::function<void(worker&, socket)>;

  explicit acceptor_group(worker_pool& workers) : workers_(workers) {}
  ~acceptor_group();

  /// Opens the port (0: a free one) and starts accepting as soon as the workers run. `flag` names the option
  /// in error texts. Returns the port in use. Errors as `open_listener`.
  result<std::uint16_t> listen(const host_port& address, std::string flag, accepted on_socket);

  /// Accepts nothing more. Posted to the workers. Idempotent.
  void stop();

private:
  struct site;
  worker_pool& workers_;
  std::vector<std::shared_ptr<site>> sites_;
};

} // namespace sluice::net
