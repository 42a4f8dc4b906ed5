// The directories' store in etcd 3.4, over its JSON API. One worker, best one of its own: a long list takes a
// while to read, and a name server may be slow. Made by `roles`, called from any thread.
#pragma once

#include "base/logging.hpp"
#include "net/store/etcd_options.hpp"
#include "plane/ports.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace sluice::net {

class etcd_store final : public plane::store {
public:
  /// Changes of the policy under way at once; more are refused as `unavailable`.
  static constexpr std::size_t max_policy_changes = 16;

  /// Starts at once, when the worker runs. `at` outlives the store's `stop`.
  etcd_store(worker& at, etcd_options options, logger log);
  /// Stops.
  ~etcd_store() override;
  etcd_store(const etcd_store&) = delete;
  etcd_store& operator=(const etcd_store&) = delete;

  void watch(plane::executor& caller, std::function<void(const plane::store_contents&)> changed) override;
  void put_relay(cluster::relay_entry relay) override;
  void remove_relay(node_id relay) override;
  /// Also `malformed` when the stored policy cannot be read, and `closed` after `stop`.
  void put_policy(cluster::policy rules, std::uint64_t expected, plane::executor& caller,
                  plane::reply<void> done) override;

  /// Closes its connections and tells nobody anything any more; what it stored stays. Idempotent.
  void stop();

  [[nodiscard]] const etcd_counters& counters() const noexcept;
  /// Why the store is not fresh, or why it takes no relays, with etcd's own words; empty when all is well.
  [[nodiscard]] std::string problem() const;

private:
  struct core;
  std::shared_ptr<core> core_;
};

/// The store's families for `/metrics`; a `more_metrics`.
void add_store_metrics(const etcd_counters& counters, std::vector<prometheus::MetricFamily>& out);

/// What one server said when asked, for `sluice check`.
struct etcd_answer {
  host_port server;
  result<std::uint64_t> revision;
};
/// Asks every server once, all at the same time; blocks for at most `request_limit`.
std::vector<etcd_answer> ask_etcd(const etcd_options& options);

} // namespace sluice::net
