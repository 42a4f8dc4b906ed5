// Which relays fail though their heartbeats arrive: by the word of the nodes that use them. Part of
// `directory_state`, on its thread; time only enters as `now`.
#pragma once

#include "base/ids.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace sluice::cluster {

struct failure_options {
  std::chrono::milliseconds window{3000}; ///< a report counts for so long
  std::size_t reporters = 2;              ///< so many different nodes make a relay failing
  /// It stays so for so long after the last report; ranked last nobody uses it, so nobody can say that it is
  /// well. Doubled up to `longest_hold` for one that fails again within `remember`.
  std::chrono::milliseconds hold{10'000};
  std::chrono::milliseconds longest_hold{80'000};
  std::chrono::minutes remember{5};
  /// Of a relay that started nothing is believed for so long: nodes that suspect its old self have not
  /// noticed yet (`relay_health::suspect_for`).
  std::chrono::milliseconds newborn{5000};
};

/// Relays in one node's report; more are not read.
constexpr std::size_t max_failing_reported = 64;

class failure_watch {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit failure_watch(failure_options options) : options_(options) {}

  /// `relays` fail for `reporter` at this moment. What it says of itself is ignored.
  void report(const node_id& reporter, std::span<const node_id> relays, time_point now);
  /// The relay started: what is reported so far, and within `newborn` from now, is about another process.
  void started(const node_id& relay, time_point now);
  /// The relay is gone.
  void forget(const node_id& relay);
  /// Lets time pass. `most`: so many may count at once; those that count already come first, then those with
  /// the most reporters. True when `failing` changed.
  bool update(std::size_t most, time_point now);

  [[nodiscard]] bool failing(const node_id& relay) const;
  /// For whom it fails, whether that counts or not; at most `most`.
  [[nodiscard]] std::vector<node_id> reporters(const node_id& relay, std::size_t most) const;
  /// Whether anything is remembered at all.
  [[nodiscard]] bool idle() const noexcept { return relays_.empty(); }

private:
  struct record {
    std::map<node_id, time_point> reports; ///< by reporter, the newest
    std::optional<time_point> until;       ///< two or more said so; it fails until then
    std::chrono::milliseconds hold{0};
    time_point ended{};
    time_point believed_from{};
    bool counts = false;
  };

  void judge(record& relay, time_point now) const;

  failure_options options_;
  std::map<node_id, record> relays_;
};

} // namespace sluice::cluster
