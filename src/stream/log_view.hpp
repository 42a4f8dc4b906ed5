// A reader thread's picture of a log, kept up to date by deltas. Shared by all readers of that thread.
#pragma once

#include "stream/log_delta.hpp"

#include <array>
#include <deque>

namespace sluice::stream {

/// Contiguous log bytes for one write: at most two buffers, good until the view changes.
struct log_bytes {
  std::uint64_t from = 0;
  std::array<byte_view, 2> parts{};
  [[nodiscard]] std::size_t size() const noexcept { return parts[0].size() + parts[1].size(); }
  [[nodiscard]] std::uint64_t end() const noexcept { return from + size(); }
};

/// The segments that keep bytes alive.
using segment_pins = std::array<const_segment_ptr, 2>;

/// Bytes that stay good for as long as it is kept.
struct piece : log_bytes {
  segment_pins pins{};
};

class log_view {
public:
  explicit log_view(tracks present) : present_(present) {}

  void apply(log_delta news);

  [[nodiscard]] tracks present() const noexcept { return present_; }
  [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
  /// Headers in force at `first()`; null before the first delta.
  [[nodiscard]] const headers_ptr& headers_at_first() const noexcept { return headers_at_first_; }
  [[nodiscard]] const node_path& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t head() const noexcept { return head_; }
  [[nodiscard]] std::uint32_t newest_timestamp() const noexcept { return newest_timestamp_; }
  [[nodiscard]] const join_point* newest_join() const noexcept {
    return joins_.empty() ? nullptr : &joins_.back();
  }
  /// Oldest first.
  [[nodiscard]] const std::deque<join_point>& joins() const noexcept { return joins_; }
  [[nodiscard]] const std::optional<beat>& last_beat() const noexcept { return beat_; }
  [[nodiscard]] end_reason ended() const noexcept { return end_; }

  /// The bytes from `offset` (first <= offset <= head) on, at most `most`; empty at head. No atomic
  /// operation: the first one after a call of the kernel waits for all that the kernel wrote.
  [[nodiscard]] log_bytes look(std::uint64_t offset, std::size_t most) const;
  /// As `look`, to be kept.
  [[nodiscard]] piece read(std::uint64_t offset, std::size_t most) const;
  /// What keeps `bytes` of this view.
  [[nodiscard]] segment_pins pins(const log_bytes& bytes) const;

  /// Header of the tag that starts at `offset`, a tag boundary below head.
  [[nodiscard]] media::tag_header tag_at(std::uint64_t offset) const;

private:
  [[nodiscard]] std::size_t index_of(std::uint64_t offset) const;

  tracks present_;
  std::deque<const_segment_ptr> segments_;
  std::deque<join_point> joins_;
  std::uint64_t first_ = 0, head_ = 0;
  headers_ptr headers_at_first_;
  node_path path_;
  std::uint32_t newest_timestamp_ = 0;
  std::optional<beat> beat_;
  end_reason end_ = end_reason::none;
};

} // namespace sluice::stream
