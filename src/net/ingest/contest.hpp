// Keeps two publishers of one key, who both come back again and again, from taking the stream from each other
// for ever. Pure, time is an argument; one per home worker, on that worker.
#pragma once

#include "base/ids.hpp"

#include <chrono>
#include <map>

namespace sluice::net {

enum class second_publisher : std::uint8_t {
  refuse,  ///< whoever is there stays
  takeover ///< whoever comes last wins
};

class contest {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// After a takeover nobody else may take the key over until nobody tried to for so long.
  static constexpr std::chrono::seconds quiet{60};
  /// Keys that are remembered; the first one by name is forgotten when there are more.
  static constexpr std::size_t max_keys = 10'000;

  explicit contest(second_publisher policy) : policy_(policy) {}

  /// Whether a newcomer may take `key` from a publisher that is live.
  [[nodiscard]] bool may_take(const stream_key& key, time_point now) const;
  /// A newcomer was refused it.
  void refused(const stream_key& key, time_point now);
  /// A newcomer took it here.
  void took(const stream_key& key, time_point now);
  /// Another origin has it from now on: it stays there while it is live. Epochs up to `newest` are past.
  void lost(const stream_key& key, epoch newest);
  /// A publisher has the key though nobody had to yield.
  void settled(const stream_key& key) { keys_.erase(key); }
  /// The newest epoch `lost` was told of; zero without one.
  [[nodiscard]] epoch newest(const stream_key& key) const;

private:
  struct state {
    time_point last_try;
    bool lost = false;
    epoch newest;
  };
  state& at(const stream_key& key);

  second_publisher policy_;
  std::map<stream_key, state> keys_;
};

} // namespace sluice::net
