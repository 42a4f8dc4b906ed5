// Where publishers enter an origin, whatever protocol they speak: who may publish, and which publication gets
// the packets. One per node; each call runs on the home worker of its key.
#pragma once

#include "net/ingest/publication.hpp"
#include "net/ingest/publisher_seats.hpp"

#include <boost/asio/awaitable.hpp>

namespace sluice::net {

class ingest {
public:
  ingest(ingest_services services, logger log);

  [[nodiscard]] const ingest_services& services() const noexcept { return services_; }
  [[nodiscard]] worker_pool& workers() const noexcept { return services_.hub->workers(); }
  [[nodiscard]] const publisher_seats& seats() const noexcept { return seats_; }
  [[nodiscard]] const logger& log() const noexcept { return log_; }

  /// Admits a publisher that has a seat; to be awaited on the key's home worker. Asks directories and relays
  /// for the key's past first, so that the log continues its epochs and timestamps. `evicted` as in
  /// `publisher_slot`. Errors: `unauthorized`, `conflict` (somebody publishes the key), `unavailable`.
  asio::awaitable<result<std::unique_ptr<publisher_slot>>> publish(stream_address address, std::string peer,
                                                                   publisher_slot::evicted evicted);

  /// A relay knows the log of epoch `newest`: if that is newer than the one published here, this origin lost
  /// the key. From any thread.
  void overtaken(const stream_key& key, epoch newest);

  /// From now on nobody is admitted who is not here. From any thread.
  void drain() noexcept { draining_ = true; }

private:
  using time_point = std::chrono::steady_clock::time_point;
  result<publication*> joinable(hosted_stream& stream);
  asio::awaitable<result<plane::stream_memory>> past_of(stream_key key, worker& home);
  void yield_to(const stream_key& key, epoch newest);

  ingest_services services_;
  publisher_seats seats_;
  logger log_;
  std::vector<contest> contests_; ///< by home worker
  std::atomic<bool> draining_{false};
};

} // namespace sluice::net
