// Where publishers enter an origin, whatever protocol they speak: who may publish, and which publication gets
// the packets. One per node; each call runs on the home worker of its key.
#pragma once

#include "net/ingest/publication.hpp"
#include "net/ingest/publisher_seats.hpp"

#include <boost/asio/awaitable.hpp>

namespace sluice::net {

class ingest {
public:
  ingest(ingest_services services, logger log)
      : services_(std::move(services)), seats_(services_.max_publishers), log_(std::move(log)) {}

  [[nodiscard]] const ingest_services& services() const noexcept { return services_; }
  [[nodiscard]] worker_pool& workers() const noexcept { return services_.hub->workers(); }
  [[nodiscard]] const publisher_seats& seats() const noexcept { return seats_; }
  [[nodiscard]] const logger& log() const noexcept { return log_; }

  /// Admits a publisher that has a seat; to be awaited on the key's home worker. Asks the directories for the
  /// key's past first, so that the log continues its epochs and timestamps. `evicted` as in `publisher_slot`.
  /// Errors: `unauthorized`, `conflict` (somebody publishes the key), `unavailable`.
  asio::awaitable<result<std::unique_ptr<publisher_slot>>> publish(stream_address address, std::string peer,
                                                                   std::function<void()> evicted);

private:
  result<publication*> running(hosted_stream& stream) const;

  ingest_services services_;
  publisher_seats seats_;
  logger log_;
};

} // namespace sluice::net
