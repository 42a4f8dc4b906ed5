// A log that a test publishes at a node, and what the test remembers of it.
#pragma once

#include "net/support/flv_source.hpp"
#include "net/support/trunk_nodes.hpp"

namespace sluice::test {

class live_log {
public:
  /// Begins it with its headers and the first `pictures`. Another `seed` makes other bytes.
  live_log(node& origin, int pictures, epoch log_epoch = epoch{100}, std::uint32_t seed = 1)
      : origin_(origin), source_(seed) {
    origin_.publish(log_epoch);
    append(source_.start());
    if (pictures > 0) more(pictures);
  }

  /// Appends so many at once.
  void more(int pictures = 1) { append(source_.frames(pictures)); }

  /// All that was appended.
  [[nodiscard]] const byte_buffer& sent() const noexcept { return sent_; }
  [[nodiscard]] std::uint64_t head() const noexcept { return sent_.size(); }

private:
  void append(const byte_buffer& tags) {
    origin_.append(tags);
    sent_.insert(sent_.end(), tags.begin(), tags.end());
  }

  node& origin_;
  flv_source source_;
  byte_buffer sent_;
};

} // namespace sluice::test
