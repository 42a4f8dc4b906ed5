// A node's HTTP server: viewers, publishers' POSTs, pages and API on one port served by every worker.
#pragma once

#include "net/core/acceptor.hpp"
#include "net/http/services.hpp"

namespace sluice::net {

struct http_site;

class http_server {
public:
  http_server(worker_pool& workers, http_services services, logger log);
  ~http_server();

  /// Opens the port. Returns the one in use. Errors as `open_listener`.
  result<std::uint16_t> listen(const host_port& address);

  /// No new viewers from now on, and those here are told to go elsewhere, one after another over `within`.
  /// Posted to the workers.
  void drain(std::chrono::milliseconds within);
  /// Closes the listeners, idle connections and viewers (`shutdown`). Posted to the workers.
  void stop();

private:
  acceptor_group acceptors_;
  std::vector<std::shared_ptr<http_site>> sites_; // one a worker
};

} // namespace sluice::net
