#include "cluster/relay_health.hpp"

#include <algorithm>

namespace sluice::cluster {

namespace {

std::uint64_t splitmix64(std::uint64_t& state) noexcept {
  auto z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

} // namespace

std::chrono::milliseconds backoff(std::chrono::milliseconds base, std::chrono::milliseconds limit,
                                  std::uint32_t doublings, std::uint64_t& random) {
  auto wait = base;
  for (std::uint32_t i = 0; i < doublings && wait < limit; ++i)
    wait *= 2;
  wait = std::min(wait, limit);
  auto swing = static_cast<std::uint64_t>(wait.count()) / 2 + 1;
  auto shift = static_cast<std::int64_t>(splitmix64(random) % swing);
  return wait - wait / 4 + std::chrono::milliseconds{shift};
}

void relay_health::failed(const node_id& relay, time_point now) {
  std::lock_guard lock(mutex_);
  if (marks_.size() >= max_marks && !marks_.contains(relay)) {
    std::erase_if(marks_, [&](auto& item) { return item.second.suspect_until <= now; });
    if (marks_.size() >= max_marks) return;
  }
  auto& one = marks_[relay];
  if (one.suspect_until <= now) one = {0, now, {}, {}};
  one.blocked_until = now + backoff(first_block, longest_block, one.failures++, random_);
  one.suspect_until = now + suspect_for;
}

void relay_health::heard(const node_id& relay) {
  std::lock_guard lock(mutex_);
  marks_.erase(relay);
}

void relay_health::answered(const node_id& relay, time_point now) {
  std::lock_guard lock(mutex_);
  if (auto found = marks_.find(relay); found != marks_.end()) found->second.blocked_until = now;
  if (answered_.size() < max_marks || answered_.contains(relay)) answered_[relay] = now;
}

bool relay_health::answered_since(const node_id& relay, time_point since) const {
  std::lock_guard lock(mutex_);
  auto found = answered_.find(relay);
  return found != answered_.end() && found->second >= since;
}

bool relay_health::usable(const node_id& relay, time_point now) const {
  std::lock_guard lock(mutex_);
  auto found = marks_.find(relay);
  return found == marks_.end() || found->second.blocked_until <= now;
}

bool relay_health::suspect(const node_id& relay, time_point now) const {
  std::lock_guard lock(mutex_);
  auto found = marks_.find(relay);
  return found != marks_.end() && found->second.suspect_until > now;
}

std::vector<node_id> relay_health::failing(time_point now) const {
  std::vector<std::pair<time_point, node_id>> found;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [relay, one] : marks_)
      if (one.suspect_until > now) found.emplace_back(one.since, relay);
  }
  std::sort(found.begin(), found.end());
  found.resize(std::min(found.size(), max_reported));
  std::vector<node_id> out;
  for (auto& [since, relay] : found)
    out.push_back(std::move(relay));
  return out;
}

} // namespace sluice::cluster
