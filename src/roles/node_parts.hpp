// What a node is made of, in the order in which it is built up; taken apart in reverse. Internal to roles.
#pragma once

#include "net/control/guard.hpp"
#include "net/core/load_probe.hpp"
#include "net/http/metrics.hpp"
#include "net/http/server.hpp"
#include "net/ingest/recorder.hpp"
#include "net/ingest/rtmp_server.hpp"
#include "net/store/etcd_store.hpp"
#include "net/trunk/pullers.hpp"
#include "net/trunk/push_manager.hpp"
#include "net/trunk/server.hpp"
#include "roles/bridge.hpp"
#include "roles/load_sampler.hpp"
#include "roles/node.hpp"

#include <atomic>

namespace sluice::roles {

struct node_parts final : plane::data {
  node_parts(node_identity who, const options& o, std::string key);

  /// Opens the listeners its role has. Errors as `node::start`.
  result<void> open();
  /// Starts the threads and the control plane.
  void run();
  void drain(std::chrono::milliseconds within);
  [[nodiscard]] bool idle() const;
  void stop();

  void snapshot_changed(std::uint64_t digest) override;
  [[nodiscard]] cluster::load_report load() const override;
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> timestamps() const override;
  void loads_changed(const cluster::relay_loads& loads) override;
  void stream_lost(const stream_key& key, epoch newest) override;
  [[nodiscard]] std::vector<node_id> failing() const override;
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> pulls() const override;

  [[nodiscard]] control_status_text directories() const;

  node_identity identity;
  options chosen;
  std::string secret;
  logger log;
  std::uint64_t boot_nonce; ///< unix microseconds at the start
  node_ports ports;

  net::worker_pool workers;
  net::stream_hub hub;
  std::vector<std::unique_ptr<net::load_probe>> probes; ///< one a worker
  mutable load_sampler sampler;
  net::guard guard;
  std::unique_ptr<net::worker_pool> store_worker; ///< a directory's with a store
  std::unique_ptr<net::etcd_store> store;
  std::optional<control_node> control;
  std::unique_ptr<net::trunk::pullers> upstreams;
  std::unique_ptr<net::trunk::push_manager> pushes;
  std::unique_ptr<net::trunk::server> trunk;
  std::unique_ptr<net::recorder> recorder;
  net::published_times times;
  std::shared_ptr<net::ingest> publishers;
  std::unique_ptr<net::rtmp_server> rtmp;
  std::unique_ptr<net::http_server> http;
  bool running = false;
  std::atomic<bool> draining{false};

private:
  [[nodiscard]] bool is(cluster::node_role role) const { return identity.role == role; }
  [[nodiscard]] bool has_directories() const;
  [[nodiscard]] net::trunk::identity trunk_identity() const;
  /// What browsers use for an edge, publishers for an origin.
  [[nodiscard]] std::string public_url() const;
  [[nodiscard]] control_node_options control_options() const;

  void open_store();
  result<void> open_control();
  result<void> open_trunk();
  result<void> open_ingest();
  result<void> open_http();
  net::http_services http_services();
  [[nodiscard]] std::vector<net::readiness_check> readiness() const;
  [[nodiscard]] net::readiness_check room() const;
  [[nodiscard]] std::string metrics();
  void add_load_metrics(std::vector<prometheus::MetricFamily>& out) const;
};

} // namespace sluice::roles
