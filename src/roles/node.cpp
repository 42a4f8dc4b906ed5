#include "roles/node.hpp"

#include "net/http/metrics.hpp"
#include "net/http/server.hpp"
#include "net/ingest/flv_post.hpp"
#include "net/ingest/recorder.hpp"
#include "net/ingest/rtmp_server.hpp"

#include <prometheus/metric_family.h>

namespace sluice::roles {

namespace {

std::chrono::milliseconds seconds(double s) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(s * 1000));
}

stream::log_options log_options(const options& o) {
  stream::log_options out;
  out.retain_time = seconds(o.retain_s);
  out.retain_bytes = std::size_t{o.retain_mib} * 1024 * 1024;
  out.max_tag_data = std::size_t{o.max_tag_mib} * 1024 * 1024;
  return out;
}

net::stream_hub::options hub_options(const options& o) {
  net::stream_hub::options out;
  out.log = log_options(o);
  return out;
}

} // namespace

struct node::parts {
  parts(node_identity who, const options& o, std::string key)
      : identity(std::move(who)), chosen(o), secret(std::move(key)), log(identity.id),
        workers(identity.workers, identity.id, log), hub(workers, hub_options(o), log) {}

  [[nodiscard]] bool carries_streams() const { return identity.role != cluster::node_role::directory; }
  [[nodiscard]] bool is_origin() const { return identity.role == cluster::node_role::origin; }

  result<void> open_ingest();
  result<void> open_http();
  net::http_services http_services();
  std::vector<net::readiness_check> readiness() const;

  node_identity identity;
  options chosen;
  std::string secret;
  logger log;
  net::worker_pool workers;
  net::stream_hub hub;
  std::unique_ptr<net::recorder> recorder;
  std::shared_ptr<net::ingest> publishers;
  std::unique_ptr<net::rtmp_server> rtmp;
  std::unique_ptr<net::http_server> http;
  node_ports ports;
  bool running = false;
};

result<void> node::parts::open_ingest() {
  if (!chosen.record_dir.empty()) recorder = std::make_unique<net::recorder>(hub, chosen.record_dir, log);
  net::ingest_services services;
  services.node = identity.id;
  services.hub = &hub;
  services.intake.max_tag_data = log_options(chosen).max_tag_data;
  services.grace = seconds(chosen.grace_s);
  services.policy = chosen.second_publisher == "takeover" ? net::second_publisher::takeover
                                                           : net::second_publisher::refuse;
  services.max_connections = chosen.max_connections;
  services.began = [this](net::hosted_stream& s) {
    if (recorder) recorder->start(s);
  };
  publishers = std::make_shared<net::ingest>(std::move(services), log);
  rtmp = std::make_unique<net::rtmp_server>(workers, publishers, log);
  auto port = rtmp->listen(identity.rtmp);
  if (!port) return port.error();
  ports.rtmp = *port;
  return {};
}

net::http_services node::parts::http_services() {
  net::http_services services;
  services.node = identity.id;
  services.role = cluster::name(identity.role);
  services.zone = chosen.zone;
  services.hub = carries_streams() ? &hub : nullptr;
  services.open = identity.role == cluster::node_role::edge ? net::open_when::ready : net::open_when::present;
  services.cursor.max_lag_ms = static_cast<std::uint32_t>(seconds(chosen.max_lag_s).count());
  services.max_connections = chosen.max_connections;
  services.max_viewers = chosen.max_viewers;
  services.readiness = [this] { return readiness(); };
  services.metrics = [this] { return net::scrape(workers, {}); };
  if (publishers)
    services.publish = [this](net::post_request request) {
      net::publish_flv_post(publishers, std::move(request), log);
    };
  return services;
}

result<void> node::parts::open_http() {
  http = std::make_unique<net::http_server>(workers, http_services(), log);
  auto port = http->listen(identity.http);
  if (!port) return port.error();
  ports.http = *port;
  return {};
}

std::vector<net::readiness_check> node::parts::readiness() const { return {{"listening", true, ""}}; }

node::node(node_identity identity, const options& chosen, std::string secret)
    : parts_(std::make_unique<parts>(std::move(identity), chosen, std::move(secret))) {}

node::~node() { stop(); }

const node_identity& node::identity() const noexcept { return parts_->identity; }

result<node_ports> node::start() {
  auto& p = *parts_;
  if (p.is_origin())
    if (auto ok = p.open_ingest(); !ok) return ok.error();
  if (auto ok = p.open_http(); !ok) return ok.error();
  p.hub.start();
  p.workers.start();
  p.running = true;
  return p.ports;
}

void node::drain() { parts_->http->drain(); }

void node::stop() {
  auto& p = *parts_;
  if (!std::exchange(p.running, false)) return;
  if (p.rtmp) p.rtmp->stop();
  p.http->stop();
  p.hub.stop();
  if (p.recorder) p.recorder->stop();
  p.workers.stop();
}

} // namespace sluice::roles
