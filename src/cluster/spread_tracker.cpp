#include "cluster/spread_tracker.hpp"

#include "cluster/policy.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::cluster {

namespace {

/// No zone is called so.
constexpr std::string_view all_zones = "*";
/// Zones that one stream is counted in; the others count in the sum only.
constexpr std::size_t max_zones = 32;
constexpr std::size_t max_key = 4 * 128 + 3; ///< characters

} // namespace

void spread_tracker::roll(usage& one, time_point now) const {
  auto window = now.time_since_epoch() / options_.window;
  if (window == one.window) return;
  one.asked_before = window == one.window + 1 ? one.asked : 0;
  one.asked = 0;
  one.window = window;
}

/// The present number, or the decaying memory of a greater one.
double spread_tracker::wanted(const usage& one, time_point now) const {
  auto window = now.time_since_epoch() / options_.window;
  std::uint64_t asked = 0;
  if (window == one.window) asked = one.asked + one.asked_before;
  if (window == one.window + 1) asked = one.asked;
  // Not their sum: nodes that have the stream ask again when the list changes.
  auto present = static_cast<double>(std::max(one.reported, asked));
  std::chrono::duration<double> age = now - one.held_at;
  return std::max(present, one.held * std::exp2(-(age / options_.half_life)));
}

/// Applies a change to the stream's usage in `zone` and in all; false when there is no room for the stream.
template <class Change>
bool spread_tracker::change(std::string_view key, std::string_view zone, time_point now, Change apply) {
  auto at = keys_.find(key);
  if (at == keys_.end()) {
    if (keys_.size() >= options_.max_keys || key.size() > max_key) {
      ++left_out_;
      return false;
    }
    at = keys_.emplace(std::string(key), std::vector<usage>{}).first;
  }
  for (auto name : {all_zones, zone}) {
    auto& all = at->second;
    auto found = std::find_if(all.begin(), all.end(), [&](const usage& one) { return one.zone == name; });
    if (found == all.end()) {
      if (all.size() > max_zones) continue;
      found = all.insert(all.end(), usage{});
      found->zone = name;
    }
    roll(*found, now);
    apply(*found);
    found->held = wanted(*found, now);
    found->held_at = now;
  }
  return true;
}

void spread_tracker::take_back(const relay_report& old) {
  for (auto& [key, pulls] : old.pulls) {
    auto at = keys_.find(key);
    if (at == keys_.end()) continue;
    for (auto& one : at->second)
      if (one.zone == all_zones || one.zone == old.zone)
        one.reported -= std::min<std::uint64_t>(pulls, one.reported);
  }
}

void spread_tracker::report(const node_id& relay, std::string_view zone, const pull_counts& pulls,
                            time_point now) {
  auto& held = relays_[relay];
  take_back(held);
  held.zone = zone;
  held.pulls.assign(pulls.begin(),
                    pulls.begin() + static_cast<std::ptrdiff_t>(std::min(pulls.size(), max_pulls_reported)));
  // What found no room is not taken back with the next report.
  std::erase_if(held.pulls, [&](auto& item) {
    return !change(item.first, zone, now, [n = item.second](usage& one) { one.reported += n; });
  });
}

void spread_tracker::forget(const node_id& relay) {
  auto at = relays_.find(relay);
  if (at == relays_.end()) return;
  take_back(at->second);
  relays_.erase(at);
}

void spread_tracker::answered(std::string_view key, std::string_view zone, time_point now) {
  change(key, zone, now, [](usage& one) { ++one.asked; });
}

std::uint32_t spread_tracker::find_demand(std::string_view key, std::string_view zone, time_point now) const {
  auto at = keys_.find(key);
  if (at == keys_.end()) return 1;
  auto& all = at->second;
  auto found = std::find_if(all.begin(), all.end(), [&](const usage& one) { return one.zone == zone; });
  if (found == all.end()) return 1;
  auto relays = std::ceil(wanted(*found, now) / options_.pulls_per_relay);
  return static_cast<std::uint32_t>(std::clamp(relays, 1.0, static_cast<double>(max_spread)));
}

std::uint32_t spread_tracker::demand(std::string_view key, std::string_view zone, time_point now) const {
  return find_demand(key, zone, now);
}

std::uint32_t spread_tracker::demand(std::string_view key, time_point now) const {
  return find_demand(key, all_zones, now);
}

void spread_tracker::prune(time_point now) {
  auto unneeded = [&](const usage& one) {
    return one.reported == 0 && now.time_since_epoch() / options_.window > one.window + 1 &&
           wanted(one, now) <= options_.pulls_per_relay;
  };
  for (auto it = keys_.begin(); it != keys_.end();) {
    std::erase_if(it->second, unneeded);
    it = it->second.empty() ? keys_.erase(it) : std::next(it);
  }
}

} // namespace sluice::cluster
