#include "net/ingest/contest.hpp"

#include <algorithm>

namespace sluice::net {

contest::state& contest::at(const stream_key& key) {
  auto found = keys_.find(key);
  if (found != keys_.end()) return found->second;
  if (keys_.size() >= max_keys) keys_.erase(keys_.begin());
  return keys_[key];
}

bool contest::may_take(const stream_key& key, time_point now) const {
  if (policy_ == second_publisher::refuse) return false;
  auto found = keys_.find(key);
  return found == keys_.end() || (now - found->second.last_try >= quiet && !found->second.lost);
}

void contest::refused(const stream_key& key, time_point now) {
  if (auto found = keys_.find(key); found != keys_.end()) found->second.last_try = now;
}

void contest::took(const stream_key& key, time_point now) {
  auto& known = at(key);
  known.last_try = now;
  known.lost = false;
}

void contest::lost(const stream_key& key, epoch newest) {
  auto& known = at(key);
  known.lost = true;
  known.newest = std::max(known.newest, newest);
}

epoch contest::newest(const stream_key& key) const {
  auto found = keys_.find(key);
  return found == keys_.end() ? epoch{} : found->second.newest;
}

} // namespace sluice::net
