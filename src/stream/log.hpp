// A stream's log in memory: the newest part of one append-only sequence of FLV tags. One writer thread (the
// stream's home worker) owns it; readers on other threads see what `log_channel` hands them.
#pragma once

#include "stream/log_channel.hpp"
#include "stream/log_delta.hpp"
#include "stream/tag_scanner.hpp"

#include <chrono>
#include <deque>

namespace sluice::stream {

struct log_options {
  std::size_t segment_size = 128 * 1024; ///< a log takes up to two beyond what it retains
  std::size_t max_tag_data = 8 * 1024 * 1024;
  std::chrono::milliseconds retain_time{10'000}; ///< keep at least this much, if the bytes allow
  std::size_t retain_bytes = 64 * 1024 * 1024;   ///< never keep more
};

class log {
public:
  /// `first`, `in_force`: where the retained part starts and the headers there (offset 0 and none at the
  /// origin; what the upstream's hello says elsewhere).
  log(log_identity identity, log_options options, std::uint64_t first = 0, headers_ptr in_force = nullptr);

  [[nodiscard]] const log_identity& identity() const noexcept { return identity_; }
  [[nodiscard]] std::uint64_t first() const noexcept { return boundaries_.front().point.offset; }
  /// Behind the last complete tag.
  [[nodiscard]] std::uint64_t head() const noexcept { return head_; }
  /// Behind the last byte, which may lie inside a tag.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// The greatest timestamp in it, ms.
  [[nodiscard]] std::uint32_t newest_timestamp() const noexcept { return newest_timestamp_; }
  /// The newest join point, or null.
  [[nodiscard]] const join_point* newest_join() const noexcept;
  [[nodiscard]] headers_ptr headers_at_first() const noexcept { return boundaries_.front().point.in_force; }
  [[nodiscard]] const node_path& path() const noexcept { return path_; }
  [[nodiscard]] const std::optional<beat>& last_beat() const noexcept { return beat_; }
  [[nodiscard]] std::size_t retained_bytes() const noexcept { return head_ - first(); }

  /// Room for bytes behind the last written one; never empty. Write there, then `commit`.
  std::span<std::uint8_t> tail();
  /// `n` bytes were written into `tail()`: moves head over the tags they complete, and tells the readers.
  /// Errors as `tag_scanner::scan`; then nothing behind head counts as written.
  result<void> commit(std::size_t n);
  /// Copies whole tags behind the last written byte and commits them.
  result<void> append(byte_view tags);
  /// Forgets bytes behind head: the next ones written are head's.
  void discard_uncommitted();
  /// Accepts a gap: the retained part starts anew at `from` (beyond head) with these headers in force.
  void skip_to(std::uint64_t from, headers_ptr in_force);

  void set_beat(const beat& b);
  /// The way the bytes take from the origin to here changed.
  void set_path(std::vector<node_id> path);
  /// The log is over; nothing may be written after it.
  void end(end_reason reason);
  [[nodiscard]] end_reason ended() const noexcept { return end_; }

  /// From now on `channel` is handed all news, at once the whole retained part. A channel whose reader let
  /// go of it is dropped.
  void subscribe(std::weak_ptr<log_channel> channel);
  /// Whether anybody reads.
  [[nodiscard]] bool has_readers();

private:
  /// Where the retained part may start: each join point, and the first tag of each segment, so that memory
  /// stays bounded when a publisher sends no keyframe.
  struct boundary {
    join_point point;
    bool join;
  };

  void on_tag(const scanned_tag& tag, log_delta& news);
  void note_boundary(const scanned_tag& tag, bool join);
  [[nodiscard]] bool is_join(const scanned_tag& tag) const noexcept;
  void retain(log_delta& news);
  void collect_segments(std::uint64_t old_head, log_delta& news) const;
  void fill_state(log_delta& news) const;
  void tell(log_delta news);

  log_identity identity_;
  log_options options_;
  tag_scanner scanner_;
  std::deque<segment_ptr> segments_;
  std::deque<boundary> boundaries_;
  headers_ptr in_force_;
  std::uint64_t head_;
  std::uint64_t written_;
  std::uint32_t newest_timestamp_ = 0;
  std::optional<beat> beat_;
  node_path path_ = std::make_shared<const std::vector<node_id>>();
  end_reason end_ = end_reason::none;
  std::vector<std::weak_ptr<log_channel>> channels_;
};

} // namespace sluice::stream
