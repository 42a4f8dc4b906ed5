// A viewer's place in a log: where it reads next, and when it has fallen so far behind that it jumps to the
// newest join point. On the viewer's worker; knows no socket.
#pragma once

#include "stream/log_view.hpp"

namespace sluice::stream {

struct cursor_options {
  std::size_t most = 128 * 1024;    ///< bytes a step, at most: between two steps a jump is possible
  std::uint32_t max_lag_ms = 3'000; ///< a viewer further behind than this is slow
};

/// What the viewer does next.
struct cursor_step {
  enum class kind : std::uint8_t {
    wait, ///< everything up to head was sent, or what comes next is gone and no join point is here yet
    send, ///< write `bytes`
    jump, ///< fell behind: first write `preamble` (may be empty), then go on; `skipped` bytes are lost to it
    lost  ///< the rest of a tag it has in part is gone: close it
  };
  kind what = kind::wait;
  log_bytes bytes; ///< good until the view changes
  byte_buffer preamble;
  std::uint64_t skipped = 0;
};

class cursor {
public:
  /// Starts at the newest join point of `view`, which must have one.
  cursor(const log_view& view, cursor_options options);

  /// File header and headers for the place it starts at; sent before anything else.
  [[nodiscard]] const byte_buffer& preface() const noexcept { return preface_; }
  void forget_preface() noexcept { byte_buffer().swap(preface_); }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

  /// The next step; a `send` or `jump` counts as done when returned.
  cursor_step next(const log_view& view);

  /// Where it may go on in the log of a newer epoch when everything up to `newest_sent` (ms) of the old one
  /// was sent: the oldest join point that is not too far behind. Null when that log does not start later than
  /// the old one stopped: timestamps must not go back.
  [[nodiscard]] const join_point* place_in(const log_view& newer, std::uint32_t newest_sent) const;
  /// Goes on at `place`, a join point of a newer epoch's log. Returns the headers in force there, to be
  /// written first.
  byte_buffer move_to(const join_point& place);

private:
  [[nodiscard]] bool slow(const log_view& view) const;
  cursor_step jump(const log_view& view);
  log_bytes cut(const log_view& view);

  cursor_options options_;
  byte_buffer preface_;
  std::uint64_t offset_;
  // The end of a tag larger than one step that was sent in part; at a tag boundary it equals offset_.
  std::uint64_t tag_end_;
};

} // namespace sluice::stream
