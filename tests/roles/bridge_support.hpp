// A small cluster in one process for the control plane's tests: nodes with actor systems and guards of their
// own, connected by real sockets on loopback.
#pragma once

#include "net/control/guard.hpp"
#include "roles/bridge.hpp"
#include "support/eventually.hpp"

#include <atomic>
#include <future>
#include <optional>

namespace sluice::roles::test {

using sluice::test::eventually;

class inline_executor final : public plane::executor {
public:
  void post(std::function<void()> task) override { task(); }
};

class fake_data final : public plane::data {
public:
  void snapshot_changed(std::uint64_t digest) override {
    last_digest = digest;
    ++changes;
  }
  [[nodiscard]] cluster::load_report load() const override {
    cluster::load_report out;
    out.viewers = viewers;
    out.egress_bps = egress_bps;
    return out;
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> timestamps() const override {
    return {{"live/room1", timestamp.load()}};
  }
  void loads_changed(const cluster::relay_loads&) override { ++loads; }
  void stream_lost(const stream_key&, epoch) override {}
  [[nodiscard]] std::vector<node_id> failing() const override { return {}; }
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> pulls() const override { return {}; }
  std::atomic<int> loads{0};
  std::atomic<std::uint64_t> egress_bps{0};
  std::atomic<std::uint64_t> last_digest{0};
  std::atomic<int> changes{0};
  std::atomic<std::uint32_t> viewers{0}, timestamp{0};
};

/// Short leases, so that a test sees them expire.
struct cluster_limits {
  std::chrono::milliseconds expire{1500};
};

/// One node: its worker, guard and control plane.
class node {
public:
  struct setup {
    std::string id;
    cluster::node_role role = cluster::node_role::relay;
    std::vector<std::string> directories;
    std::uint16_t port = 0; ///< of a directory
    std::string secret = "s3cret";
    std::string state_dir;
    std::chrono::milliseconds lease{1500};
  };

  explicit node(const setup& how) : pool(1, "t/" + how.id, logger(how.id)) {
    net::guard_options guarded;
    guarded.cluster = "test";
    guarded.secret = how.secret;
    guard.emplace(pool.at(0), guarded, logger(how.id));
    control_node_options options;
    static std::atomic<std::uint64_t> boots{1'000'000};
    options.self.id = how.id;
    options.self.role = how.role;
    options.self.boot_nonce = ++boots;
    if (how.role == cluster::node_role::relay) options.self.trunk_address = "127.0.0.1:8500";
    options.self.version = "test";
    options.directories = how.directories;
    options.state_dir = how.state_dir;
    options.limits.heartbeat = std::chrono::milliseconds(100);
    options.limits.lease_period = how.lease;
    options.suspect_after = how.lease / 2;
    options.expire_after = how.lease;
    options.directory_step = std::chrono::milliseconds(20);
    if (how.role == cluster::node_role::directory) {
      options.serve_directory = true;
      listen(how.port);
    }
    pool.start();
    plane_part.emplace(options, &*guard, &data, logger(how.id));
    plane_part->start();
  }
  ~node() {
    plane_part->stop();
    guard.reset();
    pool.stop();
  }

  plane::control& control() { return plane_part->control(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(guard->port()); }

  result<cluster::enumeration> enumerate(const std::string& key) {
    return ask<cluster::enumeration>(
        [&](auto done) { control().enumerate(*stream_key::parse(key), here, std::move(done)); });
  }
  result<plane::stream_memory> recall(const std::string& key) {
    return ask<plane::stream_memory>(
        [&](auto done) { control().recall(*stream_key::parse(key), here, std::move(done)); });
  }
  result<plane::stream_list> streams() {
    return ask<plane::stream_list>([&](auto done) { control().streams(here, std::move(done)); });
  }
  result<std::vector<cluster::node_view>> nodes() {
    return ask<std::vector<cluster::node_view>>([&](auto done) { control().nodes(here, std::move(done)); });
  }
  std::size_t connected() {
    std::size_t count = 0;
    for (const auto& one : control().status().directories)
      count += one.connected;
    return count;
  }

  template <class T, class Ask>
  result<T> ask(Ask put) {
    auto answer = std::make_shared<std::promise<result<T>>>();
    auto future = answer->get_future();
    put([answer](result<T> r) { answer->set_value(std::move(r)); });
    return future.get();
  }

  inline_executor here;
  fake_data data;
  net::worker_pool pool;
  std::optional<net::guard> guard;
  std::optional<control_node> plane_part;

private:
  void listen(std::uint16_t port) {
    host_port where;
    where.host = "127.0.0.1";
    where.port = port;
    // The port of a directory that just ended is free again in a moment.
    std::string why;
    bool open = eventually([&] {
      auto ok = guard->listen(where);
      if (!ok) why = ok.error().message;
      return ok.has_value();
    });
    if (!open) throw std::runtime_error(why);
  }
};

inline node::setup directory(std::string id, std::uint16_t port = 0) {
  node::setup how;
  how.id = std::move(id);
  how.role = cluster::node_role::directory;
  how.port = port;
  return how;
}

inline node::setup client(std::string id, cluster::node_role role, std::vector<std::string> directories) {
  node::setup how;
  how.id = std::move(id);
  how.role = role;
  how.directories = std::move(directories);
  return how;
}

} // namespace sluice::roles::test
