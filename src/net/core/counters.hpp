// What the data plane counts. Each worker writes its own copy, so counting costs a plain add; a scrape sums
// the copies from any thread. Names, help texts and units are in `net/http/metrics.cpp`.
#pragma once

#include "cluster/upstream_types.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace sluice::net {

/// A number that grows (or a gauge that one thread keeps). One writer thread, any readers.
class counter {
public:
  void add(std::uint64_t n = 1) noexcept { value_.store(value() + n, std::memory_order_relaxed); }
  void sub(std::uint64_t n = 1) noexcept { value_.store(value() - n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// Why a viewer is answered with an error before any media.
enum class refusal : std::uint8_t {
  full,       ///< the data thread has as many viewers as it may
  overloaded, ///< the data thread has more to do than its core can
  leaving,    ///< the node is going away
  forbidden,  ///< this node does not serve viewers from there, or the request is not authorised
  not_live,   ///< no such stream
  unavailable ///< the stream could not be had in time
};
inline constexpr std::array refusals{refusal::full,      refusal::overloaded, refusal::leaving,
                                     refusal::forbidden, refusal::not_live,   refusal::unavailable};
std::string_view name(refusal why) noexcept;

struct viewer_counters {
  counter current;       ///< viewers being served now
  counter accepted;      ///< viewers ever accepted
  counter sent_bytes;    ///< media bytes handed to the kernel, prefaces included
  counter jumps;         ///< times a slow viewer jumped to a join point
  counter skipped_bytes; ///< log bytes those jumps left out
  counter carried;       ///< times a viewer went on in a newer epoch's log
  counter carry_gap_ms;  ///< media time missing between the two logs then
  counter closed_slow;   ///< closed because a write made no progress, or its bytes were gone
  std::array<counter, refusals.size()> refused; ///< by why
};

struct ingest_counters {
  counter connections;     ///< RTMP connections ever accepted
  counter current;         ///< RTMP connections open now
  counter refused;         ///< publishers refused (key, conflict, authorisation)
  counter protocol_errors; ///< connections ended for breaking RTMP, HTTP or FLV
  counter received_bytes;
  counter dropped_packets; ///< media packets that could not enter the log
};

struct http_counters {
  counter connections;
  counter current;
  counter requests;
  counter bad_requests; ///< answered 4xx or closed for breaking HTTP
  counter over_limit;   ///< connections closed at once because too many are open
};

struct trunk_counters {
  counter pulls_started;  ///< connections made to pull
  counter pushes_started; ///< connections made to push
  counter served;         ///< trunk readers accepted
  counter received_bytes; ///< log bytes taken in
  counter sent_bytes;     ///< log bytes sent to other nodes
  /// Times another upstream came to lead a stream, by why the one before was left.
  std::array<counter, cluster::drop_reasons> switches;
  counter hedge_pulls;     ///< second pulls taken into use
  counter doubled_bytes;   ///< log bytes that had come another way before, and were discarded
  counter gaps;            ///< gaps accepted
  counter gap_bytes;       ///< log bytes those gaps left out
  counter protocol_errors; ///< connections ended for breaking the trunk's protocol or failing its proof
  counter over_limit;      ///< connections closed at once because too many are open
};

struct worker_counters {
  viewer_counters viewers;
  ingest_counters ingest;
  http_counters http;
  trunk_counters trunk;
};

} // namespace sluice::net
