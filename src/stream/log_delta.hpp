// What a log's writer tells its readers' threads: everything new since the last time. Plain values.
#pragma once

#include "base/ids.hpp"
#include "stream/headers.hpp"
#include "stream/segment.hpp"

#include <optional>
#include <vector>

namespace sluice::stream {

/// What makes a log this log, the same on every node that carries it.
struct log_identity {
  stream_key key;
  epoch log_epoch;
  tracks present;
};

/// An offset where a viewer can start.
struct join_point {
  std::uint64_t offset = 0;
  std::uint32_t timestamp = 0; ///< ms, of the tag that starts there
  headers_ptr in_force;
};

/// The newest tag and when the origin appended it: what the age of a picture is computed from.
struct time_pair {
  std::uint32_t timestamp = 0;
  std::uint64_t unix_ms = 0;
  bool operator==(const time_pair&) const = default;
};

/// The origin's sign of life for one log; made there only, forwarded on receipt.
struct beat {
  std::uint64_t number = 0;
  node_id origin;
  bool publisher_live = true; ///< false: the publisher is away, within its grace time
  time_pair newest;
  std::uint64_t made_ms = 0; ///< unix ms when the origin made it; 0: it does not say
  bool operator==(const beat&) const = default;
};

/// Node ids from the origin to the node that holds the log, both included.
using node_path = std::shared_ptr<const std::vector<node_id>>;

/// Why a log ended; the word is what `end` carries on the trunk and what viewers' close frames say.
enum class end_reason : std::uint8_t {
  none,
  ended,       ///< the publisher said so
  changed,     ///< other tracks or codecs, or a newer epoch: reopen
  rollover,    ///< timestamps ran out: reopen
  origin_lost, ///< grace passed without the publisher or its origin
  stopped      ///< this node lets go of the stream (shutdown, nobody watches)
};
std::string_view name(end_reason reason) noexcept;
/// The reason named `word`; `ended` for a word of a later version.
end_reason parse_end_reason(std::string_view word) noexcept;

/// Merged by `log_channel` when the reader's thread is slower than the writer.
struct log_delta {
  std::vector<const_segment_ptr> segments; ///< those that `head` entered since
  std::vector<join_point> joins;
  std::uint64_t first = 0;
  headers_ptr headers_at_first;
  std::uint64_t head = 0;
  std::uint32_t newest_timestamp = 0;
  node_path path;
  bool restarted = false; ///< a gap was accepted: nothing retained before this delta is valid
  bool flush = false;     ///< a video tag (or an end, or a gap) is among the news: wake readers now
  std::optional<beat> last_beat;
  end_reason end = end_reason::none;
};

} // namespace sluice::stream
