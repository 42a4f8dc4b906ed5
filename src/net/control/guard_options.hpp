// What the control plane's guard is told and what it counts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::net {

struct guard_options {
  std::string cluster = "sluice";                ///< peers of another cluster are refused
  std::string secret;                            ///< shared by the cluster; empty proves nothing
  std::chrono::milliseconds connect_limit{1000}; ///< name, connection and proof together
  std::chrono::milliseconds proof_limit{1000};   ///< an accepted peer's proof
  std::chrono::milliseconds idle_limit{5000};    ///< a peer silent for so long is closed
  std::size_t max_unproven = 256;                ///< accepted connections whose proof is under way
  std::size_t max_peers = 20'000;                ///< proven connections
};

/// Read from any thread; each counts connections since the start, but for the two gauges.
struct guard_counters {
  std::atomic<std::uint64_t> accepted{0}, dialed{0}, proven{0};
  std::atomic<std::uint64_t> dial_failures{0};   ///< refused, unreachable, timed out, unproven
  std::atomic<std::uint64_t> refused_garbage{0}; ///< did not speak the control protocol
  std::atomic<std::uint64_t> refused_cluster{0}, refused_secret{0};
  std::atomic<std::uint64_t> refused_full{0};     ///< over `max_unproven` or `max_peers`
  std::atomic<std::uint64_t> proof_timeouts{0};   ///< slower than `proof_limit`
  std::atomic<std::uint64_t> bad_headers{0};      ///< closed for a BASP header
  std::atomic<std::uint64_t> idle_closed{0};      ///< closed for silence
  std::atomic<std::uint64_t> unread_closed{0};    ///< closed because the peer did not read
  std::atomic<std::uint64_t> accept_failures{0};  ///< e.g. out of descriptors
  std::atomic<std::int64_t> unproven{0}, open{0}; ///< gauges: accepted but unproven, proven
};

} // namespace sluice::net
