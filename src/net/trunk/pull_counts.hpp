// How many nodes pull each stream from a trunk server. Owned by the server, told by its sessions; any thread.
#pragma once

#include "base/ids.hpp"

#include <map>
#include <mutex>
#include <vector>

namespace sluice::net::trunk {

class pull_counts {
public:
  void began(const stream_key& key) {
    std::lock_guard lock(mutex_);
    ++counts_[key];
  }
  void ended(const stream_key& key) {
    std::lock_guard lock(mutex_);
    auto found = counts_.find(key);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> list() const {
    std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::uint32_t>> out;
    for (const auto& [key, readers] : counts_)
      out.emplace_back(key.str(), readers);
    return out;
  }

private:
  mutable std::mutex mutex_;
  std::map<stream_key, std::uint32_t> counts_; ///< only streams that are pulled
};

} // namespace sluice::net::trunk
