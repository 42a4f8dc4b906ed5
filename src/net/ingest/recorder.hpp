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

  /// Ends every recording behind what its log has now. Before the hub's workers stop.
  void stop();

private:
  stream_hub& hub_;
  std::filesystem::path folder_;
  logger log_;
  worker_pool disk_;
};

} // namespace sluice::net
