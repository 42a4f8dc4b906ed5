// The relays one directory hears, on their way into the store: the newest word on each is kept until it is
// written, under a lease that the directory keeps alive. Owned by `etcd_store`, on its worker.
#pragma once

#include "base/logging.hpp"
#include "net/store/etcd_client.hpp"
#include "net/store/etcd_mirror.hpp"
#include "net/store/etcd_options.hpp"

#include <map>

namespace sluice::net::etcd {

class relay_writer {
public:
  /// Removals that wait while the store is away; a later one is left to the lease.
  static constexpr std::size_t max_waiting = 2 * cluster::max_relays;

  relay_writer(client& http, const store_keys& keys, const etcd_options& options, etcd_counters& counters,
               logger log)
      : http_(http), keys_(keys), options_(options), counters_(counters), log_(std::move(log)) {}

  void put(cluster::relay_entry relay);
  void remove(const node_id& relay);

  /// After a list: what the store has not, or not under our lease, is to be written.
  void compare(const mirror& stored);
  /// Somebody erased a key of ours, or its lease ended.
  void erased(const node_id& relay);

  [[nodiscard]] bool idle() const noexcept { return unwritten_.empty(); }
  /// Writes until nothing waits. Never twice at once. Errors: as `client::post`; the rest waits on.
  asio::awaitable<result<void>> write();
  /// Keeps the lease alive when a third of it is over. When it ended, everything is to be written again.
  asio::awaitable<result<void>> renew_lease();

private:
  using batch = std::map<node_id, std::uint64_t>; ///< relay and its change, as taken for writing
  void change(const node_id& relay);
  void forget_lease();
  asio::awaitable<result<void>> grant_lease();
  asio::awaitable<result<void>> write_batch();
  [[nodiscard]] std::vector<etcd::write> operations(const batch& taken) const;
  void count_waiting();

  client& http_;
  const store_keys& keys_;
  const etcd_options& options_;
  etcd_counters& counters_;
  logger log_;
  std::map<node_id, cluster::relay_entry> wanted_;
  std::map<node_id, std::uint64_t> unwritten_; ///< by number of the change
  std::uint64_t changes_ = 0;
  std::uint64_t lease_ = 0;
  std::chrono::steady_clock::time_point renewed_;
};

} // namespace sluice::net::etcd
