#include "net/ingest/rtmp_server.hpp"

#include "net/ingest/rtmp_connection.hpp"

namespace sluice::net {

rtmp_server::rtmp_server(worker_pool& workers, std::shared_ptr<ingest> publishers, logger log)
    : acceptors_(workers), workers_(workers), publishers_(std::move(publishers)), log_(std::move(log)),
      connections_(workers.size()) {}

rtmp_server::~rtmp_server() = default;

result<std::uint16_t> rtmp_server::listen(const host_port& address) {
  return acceptors_.listen(address, "--rtmp-listen",
                           [this](worker& at, socket s) { take(at, std::move(s)); });
}

void rtmp_server::take(worker& at, socket s) {
  auto& here = connections_[at.index()];
  auto& counters = at.counters().ingest;
  counters.connections.add();
  if (here.size() >= publishers_->services().max_connections) {
    counters.refused.add();
    return;
  }
  auto connection = std::make_shared<rtmp_connection>(at, std::move(s), publishers_, log_);
  here.insert(connection);
  counters.current.add();
  connection->start([this, &at, weak = std::weak_ptr(connection)] {
    connections_[at.index()].erase(weak.lock());
    at.counters().ingest.current.sub();
  });
}

void rtmp_server::stop() {
  acceptors_.stop();
  for (std::size_t i = 0; i < workers_.size(); ++i)
    workers_.at(i).post([this, i] {
      for (const auto& c : connections_[i])
        c->stop();
    });
}

} // namespace sluice::net
