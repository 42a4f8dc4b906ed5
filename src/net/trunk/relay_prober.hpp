// Knocks at the relays that fail for this node until they answer, so that one silent stream casts its relay
// into doubt for all streams, and one answer clears it. One per node; any thread; the knocks run on the
// worker that calls `poll`, which whoever pulls does.
#pragma once

#include "cluster/model.hpp"
#include "cluster/relay_health.hpp"
#include "net/core/worker.hpp"
#include "net/trunk/identity.hpp"

#include <memory>

namespace sluice::net::trunk {

class relay_prober : public std::enable_shared_from_this<relay_prober> {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `health` outlives this.
  relay_prober(identity self, cluster::relay_health& health, logger log)
      : self_(std::move(self)), health_(health), log_(std::move(log)) {}

  /// `relay` failed while it was asked for `key`: from `first_knock` on it is asked again and again.
  void watch(const cluster::ranked_relay& relay, const stream_key& key, time_point now);
  /// Knocks where it is time to. To be called every few hundred milliseconds, by any number of callers.
  void poll(worker& at, time_point now);

  static constexpr std::chrono::milliseconds first_knock{200};
  static constexpr std::chrono::milliseconds interval{1'000};
  /// Longer than a stream waits: one that answers late is slow, not dead.
  static constexpr std::chrono::milliseconds answer_limit{1'000};
  /// A relay that no stream met since is not asked any longer: it may be gone for good.
  static constexpr std::chrono::seconds forgotten_after{60};
  /// Relays watched; more are left to time alone.
  static constexpr std::size_t most = 64;

private:
  struct watched {
    cluster::ranked_relay relay;
    stream_key key;
    time_point failed_at, next;
    bool knocking = false;
  };

  void answered(const node_id& relay, bool well, time_point now);

  const identity self_;
  cluster::relay_health& health_;
  const logger log_;
  std::mutex mutex_;
  std::unordered_map<node_id, watched> watched_;
};

} // namespace sluice::net::trunk
