// The streams that are announced to a directory, and a bounded memory of those that were. Part of
// `directory_state`, on its thread.
#pragma once

#include "cluster/model.hpp"

#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>

namespace sluice::cluster {

struct stream_registry_options {
  std::size_t max_streams = 100'000;
  std::size_t max_remembered = 10'000; ///< keys; the one untouched for longest is forgotten first
  std::chrono::hours remember_for{24};
};

/// What is known of a key's logs, past and present.
struct stream_recall {
  epoch last;                         ///< newest epoch known, zero if none
  std::uint32_t last_timestamp = 0;   ///< ms, newest tag of that log
  std::optional<node_id> live_origin; ///< who publishes it right now
};

/// Epochs further ahead of the clock are refused: one would block its key for as long.
constexpr std::uint64_t max_epoch_ahead_ms = 24ull * 3600 * 1000;

class stream_registry {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit stream_registry(stream_registry_options options) : options_(options) {}

  /// Adds or updates a stream; a higher epoch of another origin replaces. Errors: `bad_argument` (field
  /// named; an epoch of zero or more than a day ahead), `stale` (a lower epoch than the newest known),
  /// `conflict` (the live epoch, by another origin), `unavailable` (too many streams).
  result<void> announce(const stream_announcement& stream, std::uint64_t now_unix_ms, time_point now);
  /// Ends a stream. False when another epoch is announced, or none.
  bool withdraw(std::string_view key, epoch log_epoch, time_point now);
  /// Ends every stream of `origin`.
  void drop_origin(const node_id& origin, time_point now);
  /// A newer timestamp of a stream that `origin` publishes; ignored for any other.
  void touch(std::string_view key, const node_id& origin, std::uint32_t timestamp);

  [[nodiscard]] const stream_announcement* find(std::string_view key) const;
  [[nodiscard]] stream_recall recall(std::string_view key, time_point now) const;
  [[nodiscard]] std::vector<stream_announcement> list() const;

private:
  struct memory {
    std::string key;
    epoch last;
    std::uint32_t last_timestamp;
    time_point ended;
  };

  void remember(const stream_announcement& stream, time_point now);

  stream_registry_options options_;
  std::map<std::string, stream_announcement, std::less<>> live_;
  std::list<memory> past_; ///< newest first
  std::unordered_map<std::string_view, std::list<memory>::iterator> past_by_key_;
};

} // namespace sluice::cluster
