// A directory's etcd store as tests use it: on a worker of its own, with everything it told kept.
#pragma once

#include "net/store/etcd_store.hpp"
#include "net/support/etcd_process.hpp"
#include "support/eventually.hpp"

#include <condition_variable>
#include <future>

namespace sluice::test {

using namespace sluice::net;
using namespace std::chrono_literals;

inline cluster::relay_entry relay(std::string id, std::uint64_t boot = 1, double weight = 1) {
  cluster::relay_entry out;
  out.id = std::move(id);
  out.boot_nonce = boot;
  out.trunk_address = "127.0.0.1:8500";
  out.zone = "east";
  out.weight = weight;
  return out;
}

inline etcd_options options_for(std::string directory, std::uint16_t port) {
  etcd_options out;
  out.servers = {{"127.0.0.1", port}};
  out.cluster = "test";
  out.directory = std::move(directory);
  out.check_every = 200ms;
  out.request_limit = 5s;
  out.retry_least = 20ms;
  out.retry_most = 200ms;
  return out;
}

/// One directory's store on a worker of its own, and everything it told.
struct directory {
  explicit directory(etcd_options chosen) : pool(1, "store", logger("d")) {
    store = std::make_unique<etcd_store>(pool.at(0), std::move(chosen), logger("d"));
    store->watch(pool.at(0), [this](const plane::store_contents& now) {
      std::lock_guard lock(mutex);
      told.push_back(now);
      changed.notify_all();
    });
    pool.start();
  }
  directory(std::string id, const etcd_process& etcd) : directory(options_for(std::move(id), etcd.port())) {}
  ~directory() {
    store->stop();
    pool.stop();
  }

  /// Whether the last contents come to satisfy `holds`.
  bool comes_to(const std::function<bool(const plane::store_contents&)>& holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, patience, [&] { return !told.empty() && holds(told.back()); });
  }
  bool comes_to_list(std::vector<std::string> ids) {
    return comes_to([&](const auto& now) {
      std::vector<std::string> there;
      for (const auto& one : now.relays)
        there.push_back(one.id);
      return now.fresh && there == ids;
    });
  }
  bool comes_to_be_fresh(bool fresh) {
    return comes_to([fresh](const auto& now) { return now.fresh == fresh; });
  }
  plane::store_contents last() {
    std::lock_guard lock(mutex);
    return told.empty() ? plane::store_contents{} : told.back();
  }
  result<void> put_policy(cluster::policy rules, std::uint64_t expected) {
    std::promise<result<void>> answer;
    store->put_policy(std::move(rules), expected, pool.at(0), [&](result<void> r) { answer.set_value(r); });
    return answer.get_future().get();
  }

  worker_pool pool;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<plane::store_contents> told;
  std::unique_ptr<etcd_store> store;
};

inline cluster::policy rules(std::uint64_t version, std::uint32_t copies = 3) {
  cluster::policy out;
  out.copies = copies;
  out.version = version;
  out.drained = {"r7"};
  out.weights = {{"r8", 2.5}};
  out.changes = {{"copies", version}, {"drain/r7", version}, {"weight/r8", version}};
  return out;
}

} // namespace sluice::test
