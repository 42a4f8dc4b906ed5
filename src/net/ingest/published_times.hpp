// The newest timestamp of each stream this node publishes, for its heartbeats. Written by the home workers a
// few times a second, read by the control plane; any thread.
#pragma once

#include "base/ids.hpp"

#include <map>
#include <mutex>
#include <vector>

namespace sluice::net {

class published_times {
public:
  void set(const stream_key& key, std::uint32_t timestamp) {
    std::lock_guard lock(mutex_);
    times_[key.str()] = timestamp;
  }
  void remove(const stream_key& key) {
    std::lock_guard lock(mutex_);
    times_.erase(key.str());
  }
  /// (key, ms)
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> list() const {
    std::lock_guard lock(mutex_);
    return {times_.begin(), times_.end()};
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint32_t> times_;
};

} // namespace sluice::net
