#include "net/http/server.hpp"

#include "net/http/session.hpp"

namespace sluice::net {

http_server::http_server(worker_pool& workers, http_services services, logger log) : acceptors_(workers) {
  auto shared = std::make_shared<const http_services>(std::move(services));
  for (std::size_t i = 0; i < workers.size(); ++i)
    sites_.push_back(std::make_shared<http_site>(workers.at(i), shared, log));
}

http_server::~http_server() = default;

result<std::uint16_t> http_server::listen(const host_port& address) {
  auto port = acceptors_.listen(address, "--http-listen", [this](worker& at, socket s) {
    start_http_session(sites_[at.index()], std::move(s));
  });
  if (port)
    for (auto& s : sites_)
      s->at.post([s] { s->viewers->start(); });
  return port;
}

void http_server::drain(std::chrono::milliseconds within) {
  for (auto& s : sites_)
    s->at.post([s, within] {
      s->door.leave();
      s->viewers->drain(closed_draining, within);
    });
}

void http_server::stop() {
  acceptors_.stop();
  for (auto& s : sites_)
    s->at.post([s] {
      s->stopped = true;
      s->door.leave();
      s->viewers->stop(closed_shutdown);
      s->close_connections();
    });
}

} // namespace sluice::net
