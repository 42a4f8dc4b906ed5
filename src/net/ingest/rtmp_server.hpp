// An origin's RTMP port. A connection starts on the worker that accepted it and moves to its stream's home
// worker when it asks to publish.
#pragma once

#include "net/core/acceptor.hpp"
#include "net/ingest/ingest.hpp"

#include <unordered_set>

namespace sluice::net {

class rtmp_connection;

class rtmp_server {
public:
  rtmp_server(worker_pool& workers, std::shared_ptr<ingest> publishers, logger log);
  ~rtmp_server();

  /// Opens the port. Returns the one in use. Errors as `open_listener`.
  result<std::uint16_t> listen(const host_port& address);
  /// Closes the listener and every connection. Posted to the workers.
  void stop();

private:
  void take(worker& at, socket s);

  acceptor_group acceptors_;
  worker_pool& workers_;
  std::shared_ptr<ingest> publishers_;
  logger log_;
  // Connections by the worker that accepted them; each set is touched on that worker only.
  std::vector<std::unordered_set<std::shared_ptr<rtmp_connection>>> connections_;
};

} // namespace sluice::net
