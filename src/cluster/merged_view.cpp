#include "cluster/merged_view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cluster {

namespace {

/// Whether `a` says more about its relay than `b`: heard, then the newer boot, then draining.
bool outranks(const relay_entry& a, const relay_entry& b) noexcept {
  bool heard_a = a.state != relay_state::suspect, heard_b = b.state != relay_state::suspect;
  if (heard_a != heard_b) return heard_a;
  if (a.boot_nonce != b.boot_nonce) return a.boot_nonce > b.boot_nonce;
  return a.state == relay_state::draining && b.state == relay_state::ready;
}

void merge(std::map<node_id, relay_entry>& into, const std::vector<relay_entry>& relays) {
  for (auto& relay : relays) {
    auto [at, added] = into.try_emplace(relay.id, relay);
    if (!added && outranks(relay, at->second)) at->second = relay;
  }
}

} // namespace

void merged_view::restore(snapshot list) {
  if (!effective_) effective_ = std::move(list);
}

result<bool> merged_view::update(published_snapshot from, time_point now) {
  if (!valid_node_id(from.at.directory))
    return error{errc::bad_argument, "directory snapshot: the directory's id is not a node id"};
  if (auto ok = validate(from.list); !ok)
    return error{ok.error().code, fmt::format("directory {}: {}", from.at.directory, ok.error().message)};
  auto found = sources_.find(from.at.directory);
  if (found == sources_.end()) {
    if (sources_.size() >= max_directories)
      return error{errc::too_large,
                   fmt::format("directory {}: {} directories are known, the most there may be",
                               from.at.directory, sources_.size())};
    auto id = from.at.directory;
    sources_.emplace(std::move(id), source{std::move(from), now});
    return rebuild(now);
  }
  auto& held = found->second;
  auto order = [](const revision& at) { return std::pair(at.boot_nonce, at.counter); };
  if (order(from.at) < order(held.last.at))
    return error{errc::stale, fmt::format("directory {}: revision {} is older than {}", from.at.directory,
                                          from.at.counter, held.last.at.counter)};
  if (from.at.boot_nonce != held.last.at.boot_nonce) held.connected_at = now;
  held.last = std::move(from);
  return rebuild(now);
}

bool merged_view::lost(const node_id& directory, time_point now) {
  auto found = sources_.find(directory);
  if (found == sources_.end()) return false;
  sources_.erase(found);
  return rebuild(now);
}

bool merged_view::advance(time_point now) {
  return rebuild(now);
}

const snapshot& merged_view::effective() const noexcept {
  static const snapshot none;
  return effective_ ? *effective_ : none;
}

bool merged_view::stale() const noexcept {
  return sources_.empty();
}

bool merged_view::settled(const source& one, time_point now) const noexcept {
  return !one.last.warming || now - one.connected_at >= lease_period_;
}

bool merged_view::rebuild(time_point now) {
  if (sources_.empty()) return false;
  std::map<node_id, relay_entry> relays;
  for (auto& [id, one] : sources_)
    merge(relays, one.last.list.relays);
  // Only warming directories: who is missing from their lists may just not have registered yet.
  bool any_settled =
      std::any_of(sources_.begin(), sources_.end(), [&](auto& item) { return settled(item.second, now); });
  if (!any_settled && effective_)
    for (auto& relay : effective_->relays)
      relays.try_emplace(relay.id, relay);
  snapshot fresh;
  fresh.rules = sources_.begin()->second.last.list.rules;
  for (auto& [id, relay] : relays)
    fresh.relays.push_back(std::move(relay));
  seal(fresh);
  bool changed = !effective_ || effective_->digest != fresh.digest;
  effective_ = std::move(fresh);
  return changed;
}

} // namespace sluice::cluster
