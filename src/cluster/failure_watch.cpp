#include "cluster/failure_watch.hpp"

#include <algorithm>

namespace sluice::cluster {

namespace {

/// Reporters of one relay that are kept; two would do.
constexpr std::size_t max_reporters = 64;

} // namespace

void failure_watch::report(const node_id& reporter, std::span<const node_id> relays, time_point now) {
  for (auto& relay : relays.first(std::min(relays.size(), max_failing_reported))) {
    if (relay == reporter || !valid_node_id(relay)) continue;
    auto& about = relays_[relay];
    if (now < about.believed_from) continue;
    auto& reports = about.reports;
    if (reports.size() < max_reporters || reports.contains(reporter)) reports[reporter] = now;
  }
}

void failure_watch::started(const node_id& relay, time_point now) {
  relays_[relay] = {};
  relays_[relay].believed_from = now + options_.newborn;
}

void failure_watch::forget(const node_id& relay) {
  relays_.erase(relay);
}

void failure_watch::judge(record& relay, time_point now) const {
  std::erase_if(relay.reports, [&](auto& item) { return now - item.second >= options_.window; });
  bool starts = !relay.until && relay.reports.size() >= options_.reporters;
  if (starts) {
    bool again = relay.hold.count() > 0 && now - relay.ended < options_.remember;
    relay.hold = again ? std::min(relay.hold * 2, options_.longest_hold) : options_.hold;
  }
  // Once it fails a single reporter keeps it so.
  if (starts || (relay.until && !relay.reports.empty())) {
    auto newest = std::max_element(relay.reports.begin(), relay.reports.end(),
                                   [](auto& a, auto& b) { return a.second < b.second; });
    relay.until = newest->second + relay.hold;
  }
  if (relay.until && now >= *relay.until) {
    relay.until.reset();
    relay.ended = now;
  }
}

bool failure_watch::update(std::size_t most, time_point now) {
  std::vector<record*> failing;
  bool changed = false;
  for (auto it = relays_.begin(); it != relays_.end();) {
    auto& one = it->second;
    judge(one, now);
    if (one.until) {
      failing.push_back(&one);
    } else {
      changed = changed || std::exchange(one.counts, false);
    }
    bool held_lately = one.hold.count() > 0 && now - one.ended < options_.remember;
    bool over = !one.until && one.reports.empty() && !held_lately && now >= one.believed_from;
    it = over ? relays_.erase(it) : std::next(it);
  }
  std::stable_sort(failing.begin(), failing.end(), [](auto* a, auto* b) {
    return a->counts != b->counts ? a->counts : a->reports.size() > b->reports.size();
  });
  for (std::size_t i = 0; i < failing.size(); ++i)
    changed = std::exchange(failing[i]->counts, i < most) != (i < most) || changed;
  return changed;
}

bool failure_watch::failing(const node_id& relay) const {
  auto at = relays_.find(relay);
  return at != relays_.end() && at->second.counts;
}

std::vector<node_id> failure_watch::reporters(const node_id& relay, std::size_t most) const {
  std::vector<node_id> out;
  auto at = relays_.find(relay);
  if (at == relays_.end()) return out;
  for (auto& [reporter, when] : at->second.reports) {
    if (out.size() == most) break;
    out.push_back(reporter);
  }
  return out;
}

} // namespace sluice::cluster
