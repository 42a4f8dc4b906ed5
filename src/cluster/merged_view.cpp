#include "cluster/merged_view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cluster {

namespace {

/// What weighs more among the words of directories that hear the relay. One that is too young to know calls
/// ready what another calls joining, and the one that heard it first is right.
int gravity(relay_state state) noexcept {
  switch (state) {
  case relay_state::failing:
    return 3;
  case relay_state::draining:
    return 2;
  case relay_state::ready:
    return 1;
  default:
    return 0;
  }
}

/// Whether `a` says more about its relay than `b`.
bool outranks(const relay_entry& a, const relay_entry& b) noexcept {
  bool heard_a = a.state != relay_state::suspect, heard_b = b.state != relay_state::suspect;
  if (heard_a != heard_b) return heard_a;
  if (a.boot_nonce != b.boot_nonce) return a.boot_nonce > b.boot_nonce;
  return gravity(a.state) > gravity(b.state);
}

/// Relays of several lists, and by how many of them each is called failing.
struct merger {
  std::map<node_id, relay_entry> relays;
  std::map<node_id, std::size_t> failing;

  void add(const std::vector<relay_entry>& list) {
    for (auto& relay : list) {
      auto [at, added] = relays.try_emplace(relay.id, relay);
      if (!added && outranks(relay, at->second)) at->second = relay;
      if (relay.state == relay_state::failing) ++failing[relay.id];
    }
  }

  /// Each directory calls a tenth failing at most; together they must not call more so.
  void limit_failing() {
    auto most = std::max<std::size_t>(1, relays.size() / 10);
    std::vector<std::pair<std::size_t, node_id>> by_votes;
    for (auto& [id, votes] : failing)
      if (relays.at(id).state == relay_state::failing) by_votes.emplace_back(votes, id);
    if (by_votes.size() <= most) return;
    std::sort(by_votes.begin(), by_votes.end(), std::greater<>());
    for (auto i = most; i < by_votes.size(); ++i)
      relays.at(by_votes[i].second).state = relay_state::ready;
  }
};

} // namespace

void merged_view::restore(snapshot list) {
  learn(list.rules);
  if (!effective_) effective_ = std::move(list);
}

result<bool> merged_view::update(published_snapshot from, time_point now) {
  if (!valid_node_id(from.at.directory))
    return error{errc::bad_argument, "directory snapshot: the directory's id is not a node id"};
  if (auto ok = validate(from.list); !ok)
    return error{ok.error().code, fmt::format("directory {}: {}", from.at.directory, ok.error().message)};
  auto found = sources_.find(from.at.directory);
  learn(from.list.rules);
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
  if (from.at.boot_nonce != held.last.at.boot_nonce)
    held.connected_at = now;
  else
    forget_removed(held.last.list, from.list);
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

bool merged_view::store_lost() const noexcept {
  return !sources_.empty() && std::all_of(sources_.begin(), sources_.end(),
                                          [](auto& item) { return item.second.last.store_lost; });
}

void merged_view::learn(const policy& rules) {
  if (auto all = merged(newest_, rules); check_policy_in_force(all)) newest_ = std::move(all);
}

const policy* merged_view::policy_for(const node_id& directory) const {
  auto found = sources_.find(directory);
  bool older = found != sources_.end() && supersedes(newest_, found->second.last.list.rules);
  return older ? &newest_ : nullptr;
}

bool merged_view::update_loads(const node_id& directory, const load_digest& from) {
  auto found = sources_.find(directory);
  if (found == sources_.end() || found->second.last.list.digest != from.digest) return false;
  auto told = unpack_loads(found->second.last.list, from);
  for (auto& [id, level] : told)
    loads_[id] = level;
  return true;
}

bool merged_view::settled(const source& one, time_point now) const noexcept {
  return !one.last.warming || now - one.connected_at >= lease_period_;
}

// A directory that listed a relay and does so no more knows that it is gone, however young it is.
void merged_view::forget_removed(const snapshot& before, const snapshot& after) {
  if (!effective_) return;
  auto listed = [](const snapshot& in, const node_id& id) {
    auto at =
        std::lower_bound(in.relays.begin(), in.relays.end(), id,
                         [](const relay_entry& relay, const node_id& wanted) { return relay.id < wanted; });
    return at != in.relays.end() && at->id == id;
  };
  std::erase_if(effective_->relays, [&](const relay_entry& relay) {
    return listed(before, relay.id) && !listed(after, relay.id);
  });
}

bool merged_view::rebuild(time_point now) {
  if (sources_.empty()) return false;
  merger all;
  for (auto& [id, one] : sources_)
    all.add(one.last.list.relays);
  all.limit_failing();
  // Only warming directories: who is missing from their lists may just not have registered yet.
  bool any_settled =
      std::any_of(sources_.begin(), sources_.end(), [&](auto& item) { return settled(item.second, now); });
  if (!any_settled && effective_)
    for (auto& relay : effective_->relays)
      all.relays.try_emplace(relay.id, relay);
  snapshot fresh;
  fresh.rules = merged(sources_.begin()->second.last.list.rules, newest_);
  for (auto& [id, relay] : all.relays)
    fresh.relays.push_back(std::move(relay));
  seal(fresh);
  std::erase_if(loads_, [&](auto& item) { return !all.relays.contains(item.first); });
  bool changed = !effective_ || effective_->digest != fresh.digest;
  effective_ = std::move(fresh);
  return changed;
}

} // namespace sluice::cluster
