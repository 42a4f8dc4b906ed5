#include "roles/node_parts.hpp"

#include "net/ingest/flv_post.hpp"
#include "net/trunk/look.hpp"

#include <prometheus/metric_family.h>

#include <filesystem>

namespace sluice::roles {

using cluster::node_role;

namespace {

std::chrono::milliseconds seconds(double s) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(s * 1000));
}

std::uint64_t unix_microseconds() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
}

/// How long a log may be without any beat. Beats come each 200 ms, so a short grace, which is about the
/// publisher, must not end logs of which only a few were late.
std::chrono::milliseconds beat_limit(const options& o) {
  return std::max(seconds(o.grace_s), std::chrono::milliseconds{2000});
}

net::stream_hub::options hub_options(const options& o) {
  net::stream_hub::options out;
  out.log.retain_time = seconds(o.retain_s);
  out.log.retain_bytes = std::size_t{o.retain_mib} * 1024 * 1024;
  out.log.max_tag_data = std::size_t{o.max_tag_mib} * 1024 * 1024;
  return out;
}

net::flush_limits flush_limits(const options& o) {
  return {std::chrono::milliseconds{o.min_coalesce_ms}, std::chrono::milliseconds{o.max_coalesce_ms}};
}

net::overload_limits overload_limits(const options& o) {
  net::overload_limits out;
  out.lag = std::chrono::milliseconds{o.max_loop_lag_ms};
  return out;
}

net::guard_options guard_options(const options& o, const std::string& secret) {
  net::guard_options out;
  out.cluster = o.cluster;
  out.secret = secret;
  return out;
}

} // namespace

node_parts::node_parts(node_identity who, const options& o, std::string key)
    : identity(std::move(who)), chosen(o), secret(std::move(key)), log(identity.id),
      boot_nonce(unix_microseconds()), workers(identity.workers, identity.id, log, 0, flush_limits(o)),
      hub(workers, hub_options(o), log), sampler(workers.size()),
      guard(workers.at(0), guard_options(o, secret), log) {}

bool node_parts::has_directories() const {
  return is(node_role::directory) || !identity.directories.empty();
}

net::trunk::identity node_parts::trunk_identity() const {
  return {chosen.cluster, identity.id, secret};
}

std::string node_parts::public_url() const {
  const auto& rtmp_at = identity.rtmp;
  // A port that the system chooses is not known yet.
  if (!identity.public_url.empty() || !is(node_role::origin) || rtmp_at.port == 0) return identity.public_url;
  return "rtmp://" + host_port{rtmp_at.host.empty() ? "::" : rtmp_at.host, rtmp_at.port}.str();
}

control_node_options node_parts::control_options() const {
  control_node_options out;
  out.self.id = identity.id;
  out.self.role = identity.role;
  out.self.boot_nonce = boot_nonce;
  out.self.zone = chosen.zone;
  out.self.public_url = public_url();
  out.self.version = SLUICE_VERSION;
  out.self.weight = chosen.weight;
  if (is(node_role::relay))
    out.self.trunk_address = identity.trunk_advertise.empty()
                                 ? host_port{identity.trunk.host, ports.trunk}.str()
                                 : identity.trunk_advertise;
  out.directories = identity.directories;
  out.state_dir = identity.state_dir;
  out.serve_directory = is(node_role::directory);
  out.rules.copies = chosen.copies;
  out.store = store.get();
  return out;
}

result<void> node_parts::open() {
  if (!identity.state_dir.empty()) std::filesystem::create_directories(identity.state_dir);
  // The trunk's port is part of what the node tells its directories, so it comes first.
  if (is(node_role::relay))
    if (auto ok = open_trunk(); !ok) return ok;
  if (has_directories())
    if (auto ok = open_control(); !ok) return ok;
  if (is(node_role::origin))
    if (auto ok = open_ingest(); !ok) return ok;
  return open_http();
}

result<void> node_parts::open_trunk() {
  net::trunk::server_options settings;
  settings.grace = beat_limit(chosen);
  settings.max_connections = chosen.max_connections;
  trunk = std::make_unique<net::trunk::server>(hub, trunk_identity(), settings, log);
  auto port = trunk->listen(identity.trunk);
  if (!port) return port.error();
  ports.trunk = *port;
  return {};
}

void node_parts::open_store() {
  net::etcd_options settings;
  settings.servers = net::etcd::parse_urls(chosen.etcd_urls).value();
  settings.cluster = chosen.cluster;
  settings.directory = identity.id;
  // A long list takes a while to read, and the guard's worker must not wait for it.
  store_worker = std::make_unique<net::worker_pool>(1, identity.id + "/etcd", log);
  store = std::make_unique<net::etcd_store>(store_worker->at(0), std::move(settings), log);
}

result<void> node_parts::open_control() {
  if (is(node_role::directory)) {
    if (auto ok = guard.listen(identity.control); !ok) return ok;
    ports.control = guard.port();
  }
  if (is(node_role::directory) && chosen.store == "etcd") open_store();
  control.emplace(control_options(), &guard, this, log);
  if (is(node_role::origin)) {
    net::trunk::push_options settings;
    settings.stale = [this](const stream_key& key, epoch newest) { publishers->overtaken(key, newest); };
    pushes =
        std::make_unique<net::trunk::push_manager>(hub, control->control(), trunk_identity(), settings, log);
  }
  if (!is(node_role::relay) && !is(node_role::edge)) return {};
  net::trunk::pull_options settings;
  settings.relay = is(node_role::relay);
  settings.zone = chosen.zone;
  settings.choice.grace = beat_limit(chosen);
  if (is(node_role::edge)) settings.choice.hedge = chosen.hedge;
  settings.no_failover = chosen.no_failover;
  upstreams = std::make_unique<net::trunk::pullers>(hub, control->control(), trunk_identity(), settings, log);
  hub.on_demand(upstreams->factory());
  return {};
}

result<void> node_parts::open_ingest() {
  if (!chosen.record_dir.empty()) recorder = std::make_unique<net::recorder>(hub, chosen.record_dir, log);
  net::ingest_services services;
  services.node = identity.id;
  services.hub = &hub;
  services.control = control ? &control->control() : nullptr;
  services.times = &times;
  services.intake.max_tag_data = hub.settings().log.max_tag_data;
  services.grace = seconds(chosen.grace_s);
  services.policy =
      chosen.second_publisher == "takeover" ? net::second_publisher::takeover : net::second_publisher::refuse;
  services.max_connections = chosen.max_connections;
  services.max_publishers = chosen.max_publishers;
  if (control)
    services.ask_relays = [this](const stream_key& key, net::worker& home, bool at_once, auto done) {
      control->control().enumerate(key, home, [=, this, &home](const result<cluster::enumeration>& found) {
        if (!found) return done({});
        net::trunk::ask_relays(home, trunk_identity(), key, found->head, at_once, done);
      });
    };
  services.began = [this](net::hosted_stream& s) {
    if (recorder) recorder->start(s);
    if (pushes) pushes->start(s);
  };
  services.ended = [this](const stream_key& key, epoch which) {
    if (pushes) pushes->stop(key, which);
  };
  publishers = std::make_shared<net::ingest>(std::move(services), log);
  rtmp = std::make_unique<net::rtmp_server>(workers, publishers, log);
  auto port = rtmp->listen(identity.rtmp);
  if (!port) return port.error();
  ports.rtmp = *port;
  return {};
}

result<void> node_parts::open_http() {
  http = std::make_unique<net::http_server>(workers, http_services(), log);
  auto port = http->listen(identity.http);
  if (!port) return port.error();
  ports.http = *port;
  return {};
}

net::http_services node_parts::http_services() {
  net::http_services services;
  services.node = identity.id;
  services.role = cluster::name(identity.role);
  services.zone = chosen.zone;
  if (is(node_role::origin)) services.rtmp_url = public_url();
  services.hub = is(node_role::directory) ? nullptr : &hub;
  services.control = control ? &control->control() : nullptr;
  services.open = is(node_role::edge) ? net::open_when::ready : net::open_when::present;
  bool anywhere = chosen.serve_viewers.empty() ? is(node_role::edge) : chosen.serve_viewers == "all";
  services.from = anywhere ? net::viewers_from::anywhere : net::viewers_from::loopback;
  services.cursor.max_lag_ms = static_cast<std::uint32_t>(seconds(chosen.max_lag_s).count());
  services.max_connections = chosen.max_connections;
  services.max_viewers = chosen.max_viewers;
  services.overloaded = [this](std::size_t worker) { return probes[worker]->overloaded(); };
  services.readiness = [this] { return readiness(); };
  services.metrics = [this] { return metrics(); };
  if (!publishers) return services;
  services.seat_publisher = [this] { return publishers->seats().take(); };
  services.publish = [this](net::post_request request) {
    net::publish_flv_post(publishers, std::move(request), log);
  };
  return services;
}

void node_parts::run() {
  hub.start();
  for (std::size_t i = 0; i < workers.size(); ++i)
    probes.push_back(std::make_unique<net::load_probe>(workers.at(i), overload_limits(chosen), log));
  workers.start();
  if (store_worker) store_worker->start();
  if (control) control->start();
  running = true;
}

void node_parts::drain(std::chrono::milliseconds within) {
  draining = true;
  if (control) control->set_draining(true);
  if (publishers) publishers->drain();
  http->drain(within);
}

bool node_parts::idle() const {
  return load().viewers == 0 && (!trunk || trunk->pulls().empty()) &&
         (!publishers || publishers->seats().taken() == 0);
}

void node_parts::stop() {
  if (!std::exchange(running, false)) return;
  draining = true;
  http->stop();
  if (rtmp) rtmp->stop();
  hub.stop();
  if (recorder) recorder->stop();
  if (pushes) pushes->stop_all();
  if (trunk) trunk->stop();
  if (control) control->stop();
  if (store) store->stop();
  if (store_worker) store_worker->stop();
  guard.close();
  for (auto& probe : probes)
    probe->stop();
  workers.stop();
}

void node_parts::snapshot_changed(std::uint64_t) {
  if (upstreams) upstreams->snapshot_changed();
  if (pushes) pushes->snapshot_changed();
}

void node_parts::stream_lost(const stream_key& key, epoch newest) {
  if (publishers) publishers->overtaken(key, newest);
}

std::vector<std::pair<std::string, std::uint32_t>> node_parts::timestamps() const {
  return times.list();
}

} // namespace sluice::roles
