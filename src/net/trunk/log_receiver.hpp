// Writes the log bytes that one upstream sends into the stream's log, each byte once, whoever delivered the
// ones before. Owned by a pull's or push's connection; on the stream's home worker.
#pragma once

#include "base/unix_time.hpp"
#include "net/core/stream_hub.hpp"
#include "net/trunk/messages.hpp"

namespace sluice::net::trunk {

/// How far ahead of the clock an epoch may be; a further one would block its key for as long.
constexpr std::chrono::milliseconds max_epoch_ahead = std::chrono::hours{24};

class log_receiver {
public:
  log_receiver(worker& home, node_id self) : home_(home), self_(std::move(self)) {}

  /// Starts the log `said` describes, whose first byte to come is `from`. Errors: `stale`, `bad_argument`
  /// (epoch), `malformed` (`from` is not its first offset), `conflict` (this node is in its path).
  result<void> begin(hosted_stream& h, const log_state& said, std::uint64_t from);

  /// Says that this upstream goes on with the current log at `from`: bytes below head will be skipped.
  void resume(const log_state& said, std::uint64_t from);
  /// From now on only this upstream feeds: what another left behind head is forgotten, and its path holds.
  void take_over(hosted_stream& h);
  /// From now on this upstream's path is the log's.
  void lead(hosted_stream& h) const;

  /// Bytes of the upstream's log. Errors: `malformed` (not tags, or a hole), `closed` (this log is over).
  result<void> bytes(hosted_stream& h, byte_view piece);
  /// Whether `piece` bytes more would bring any beyond head.
  [[nodiscard]] bool extends(const hosted_stream& h, std::size_t piece) const;
  /// The upstream left a part out: if head is before its end, so does this node. Errors: as `bytes`.
  result<void> skip(hosted_stream& h, const gap& left_out);
  /// The upstream's path changed; the log's with it when this upstream feeds. Errors: `conflict` (this node
  /// is in it).
  result<void> set_path(hosted_stream& h, std::vector<node_id> path, bool feeds);
  void set_beat(hosted_stream& h, const stream::beat& b) const;

  [[nodiscard]] epoch of() const noexcept { return epoch_; }
  /// Offset of the next byte to come.
  [[nodiscard]] std::uint64_t at() const noexcept { return at_; }
  [[nodiscard]] const std::vector<node_id>& path() const noexcept { return path_; }

private:
  [[nodiscard]] std::vector<node_id> path_to_here() const;
  [[nodiscard]] stream::log* mine(const hosted_stream& h) const;

  worker& home_;
  node_id self_;
  epoch epoch_;
  std::uint64_t at_ = 0;
  std::vector<node_id> path_;
};

/// Fills what people see of a stream's media: from the headers, else from what `said` tells.
void describe_media(hosted_stream& h, const log_state& said);

} // namespace sluice::net::trunk
