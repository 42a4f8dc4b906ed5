// Writes whole logs to files: `--record DIR`. A reader of the log on a worker of its own, so that a slow disk
// delays nobody.
#pragma once

#include "net/core/stream_hub.hpp"

#include <filesystem>

namespace sluice::net {

class recorder {
public:
  /// Files go to `folder`, which must exist, as `<key with / as _>-<epoch>.flv`.
  recorder(stream_hub& hub, std::filesystem::path folder, logger log);
  ~recorder();

  /// Records the stream's current log, from its first byte. On the stream's home worker, when the log began.
  void start(const hosted_stream& stream);

  /// Waits a moment for the recordings whose logs end, and cuts off the others behind what their logs have
  /// now. After the hub's streams were told to end, before its workers stop. Idempotent.
  void stop();

private:
  class recording;
  void begin(std::shared_ptr<audience> log);
  void over(const recording& done);
  void one_less();

  stream_hub& hub_;
  std::filesystem::path folder_;
  logger log_;
  std::mutex mutex_;
  std::condition_variable all_over_;
  std::size_t running_ = 0; // asked for and not over; under the lock
  bool stopped_ = false;
  worker_pool disk_;
  std::vector<std::unique_ptr<recording>> open_; // on the disk's worker
};

} // namespace sluice::net
