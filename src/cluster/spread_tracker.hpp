// How many relays should share one stream's readers in a zone: grows at once with the pulls that relays
// report and with the questions just answered, shrinks slowly. Part of `directory_state`, on its thread; time
// only enters as `now`.
#pragma once

#include "base/ids.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::cluster {

struct spread_options {
  std::uint32_t pulls_per_relay = 64; ///< readers of one stream that one relay is to have
  std::chrono::seconds half_life{60}; ///< of a spread that is no longer needed
  /// A question counts for one to two of these: by then the reader it led to is in the relays' reports.
  std::chrono::seconds window{2};
  std::size_t max_keys = 20'000;
};

/// The largest streams of one relay, as it reports them: (key, pulls).
using pull_counts = std::vector<std::pair<std::string, std::uint32_t>>;
/// Entries of one report; more are not read.
constexpr std::size_t max_pulls_reported = 128;

class spread_tracker {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit spread_tracker(spread_options options) : options_(options) {}

  /// What a relay of `zone` has now, in place of what it had.
  void report(const node_id& relay, std::string_view zone, const pull_counts& pulls, time_point now);
  /// The relay is gone.
  void forget(const node_id& relay);
  /// A node in `zone` was told where the stream is and is about to pull it.
  void answered(std::string_view key, std::string_view zone, time_point now);

  /// So many relays of `zone` should share the stream's readers there; 1 for one that is hardly asked for.
  [[nodiscard]] std::uint32_t demand(std::string_view key, std::string_view zone, time_point now) const;
  /// The same over all zones: for an asker in a zone without relays.
  [[nodiscard]] std::uint32_t demand(std::string_view key, time_point now) const;

  /// Drops what is no longer needed; call it each second or so.
  void prune(time_point now);
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
  /// Times a stream was left out because `max_keys` are tracked.
  [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }

private:
  /// One stream in one zone, or in all.
  struct usage {
    std::string zone;
    std::uint64_t reported = 0; ///< by relays, in all
    std::int64_t window = 0;    ///< which one the next two numbers are of
    std::uint64_t asked = 0, asked_before = 0;
    double held = 0; ///< the greatest number lately, decaying since `held_at`
    time_point held_at{};
  };
  struct relay_report {
    std::string zone;
    pull_counts pulls;
  };

  template <class Change>
  bool change(std::string_view key, std::string_view zone, time_point now, Change apply);
  void take_back(const relay_report& old);
  void roll(usage& one, time_point now) const;
  [[nodiscard]] double wanted(const usage& one, time_point now) const;
  [[nodiscard]] std::uint32_t find_demand(std::string_view key, std::string_view zone, time_point now) const;

  spread_options options_;
  std::map<std::string, std::vector<usage>, std::less<>> keys_;
  std::unordered_map<node_id, relay_report> relays_;
  std::uint64_t left_out_ = 0;
};

} // namespace sluice::cluster
