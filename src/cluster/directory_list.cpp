// The part of `directory_state` that makes the relay list: of its own leases, of what the store lists, and of
// what nodes say about relays; and what it answers from that list.
#include "cluster/directory_state.hpp"
#include "cluster/enumeration.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cluster {

namespace {

/// Up to so many relays the list is made anew whenever it is asked for.
constexpr std::size_t eager_relays = 256;
/// For each relay of a larger list it may be older by so much before it is made anew out of turn.
constexpr std::chrono::microseconds patience_per_relay{20};
/// The part of the relays that may count as failing at once, and at least one.
constexpr std::size_t failing_part = 10;

} // namespace

relay_state directory_state::state_of(const node_id& id, const lease& held, time_point now) const {
  if (silent(held, now)) return relay_state::suspect;
  if (failures_.failing(id)) return relay_state::failing;
  if (held.leaving) return relay_state::draining;
  bool joining = held.joined && now - *held.joined < options_.join_for;
  return joining ? relay_state::joining : relay_state::ready;
}

/// How a lease is listed, if it is.
std::optional<relay_entry> directory_state::entry_of(const node_id& id, const lease& held,
                                                     time_point now) const {
  if (held.node.role != node_role::relay) return std::nullopt;
  auto stored = stored_.find(id);
  // It restarted, and another directory heard of it first.
  if (stored != stored_.end() && stored->second.boot_nonce > held.node.boot_nonce)
    return foreign_entry(stored->second, now);
  // Not heard here; that the store lists it may be this directory's own word of a moment ago.
  if (held.expired_at && stored == stored_.end()) return std::nullopt;
  auto& node = held.node;
  return relay_entry{id,        node.boot_nonce, node.trunk_address,
                     node.zone, node.weight,     state_of(id, held, now)};
}

/// How a relay is listed that the store has and that is not heard here.
std::optional<relay_entry> directory_state::foreign_entry(const relay_entry& stored, time_point now) const {
  auto left = gone_.find(stored.id);
  bool known = left != gone_.end() && stored.boot_nonce <= left->second.boot_nonce;
  if (known && now - left->second.left < options_.expire_after) return std::nullopt;
  auto entry = stored;
  if (failures_.failing(stored.id)) entry.state = relay_state::failing;
  // The store's word may be that of a directory that died with it. One that hears it lists it as ready, and
  // that counts for whoever hears both.
  if (known && left->second.expired) entry.state = relay_state::suspect;
  return entry;
}

void directory_state::update_failing(time_point now) {
  if (failures_.idle()) return;
  auto most = std::max<std::size_t>(1, list_.relays.size() / failing_part);
  if (failures_.update(most, now)) dirty_ = true;
}

bool directory_state::rebuild(time_point now) {
  dirty_ = false;
  tell_store_ = true;
  built_at_ = now;
  snapshot fresh;
  fresh.rules = rules_;
  for (auto& [id, held] : leases_) {
    auto entry = entry_of(id, held, now);
    held.listed = entry ? std::optional(entry->state) : std::nullopt;
    if (entry) fresh.relays.push_back(std::move(*entry));
  }
  for (auto& [id, stored] : stored_) {
    if (leases_.contains(id)) continue;
    if (auto entry = foreign_entry(stored, now)) fresh.relays.push_back(std::move(*entry));
  }
  left_out_ = fresh.relays.size() - std::min(fresh.relays.size(), max_relays);
  fresh.relays.resize(fresh.relays.size() - left_out_);
  seal(fresh);
  if (fresh.digest == list_.digest) return false;
  list_ = std::move(fresh);
  ranking_.reset();
  ++revision_.counter;
  return true;
}

void directory_state::refresh(time_point now) {
  note(now);
  if (!dirty_) return;
  auto relays = list_.relays.size();
  if (relays <= eager_relays || now - built_at_ >= patience_per_relay * relays) rebuild(now);
}

result<bool> directory_state::set_policy(const policy& rules, time_point now) {
  if (auto ok = check_policy(rules); !ok) return ok.error();
  auto all = merged(rules_, rules);
  if (all == rules_) return false;
  if (auto ok = check_policy(all); !ok) return ok.error();
  note(now);
  rules_ = std::move(all);
  dirty_ = true;
  return true;
}

bool directory_state::known(const node_id& id) const {
  return leases_.contains(id) || gone_.contains(id) || stored_.contains(id);
}

result<policy> directory_state::plan_drain(const node_id& id, bool drained, std::uint64_t now_unix_us) const {
  if (!known(id) && !is_drained(rules_, id))
    return error{errc::not_found,
                 fmt::format("node '{}' was never heard of here", id.substr(0, max_node_id))};
  auto held = leases_.find(id);
  if (drained && held != leases_.end() && held->second.node.role != node_role::relay)
    return error{
        errc::bad_argument,
        fmt::format("node '{}' is of role {}: relays are drained from here, any other node by ending it "
                    "(SIGTERM)",
                    id, name(held->second.node.role))};
  return with_drained(rules_, id, drained, now_unix_us);
}

result<policy> directory_state::plan_weight(const node_id& id, std::optional<double> weight,
                                            std::uint64_t now_unix_us) const {
  if (weight && !known(id))
    return error{errc::not_found,
                 fmt::format("node '{}' was never heard of here", id.substr(0, max_node_id))};
  return with_weight(rules_, id, weight, now_unix_us);
}

result<void> directory_state::adopt(const policy& rules, const std::vector<relay_entry>& relays, bool fresh,
                                    time_point now) {
  note(now);
  store_lost_ = !fresh;
  result<void> outcome;
  std::map<node_id, relay_entry> usable;
  for (auto& one : relays) {
    if (auto ok = check_relay(one); ok)
      usable.insert_or_assign(one.id, one);
    else
      outcome = error{ok.error().code,
                      fmt::format("store: relay {}: {}", one.id.substr(0, max_node_id), ok.error().message)};
  }
  for (auto& [id, stored] : stored_)
    if (!usable.contains(id) && !leases_.contains(id) && !gone_.contains(id))
      forget(id, stored.boot_nonce, time_point{});
  stored_ = std::move(usable);
  dirty_ = true;
  if (auto taken = set_policy(rules, now); !taken)
    outcome = error{taken.error().code, "store: policy: " + taken.error().message};
  return outcome;
}

store_changes directory_state::take_store_changes(time_point now) {
  store_changes out;
  if (!std::exchange(tell_store_, warming(now))) return out;
  auto tell = [&](const node_id& id, std::optional<relay_entry> word) {
    auto [at, first] = told_store_.try_emplace(id);
    if (!first && at->second == word) return;
    at->second = word;
    if (word)
      out.put.push_back(std::move(*word));
    else
      out.removed.push_back(id);
  };
  for (auto& [id, held] : leases_) {
    if (held.node.role != node_role::relay || held.expired_at) continue;
    auto& node = held.node;
    tell(id, relay_entry{id, node.boot_nonce, node.trunk_address, node.zone, node.weight,
                         held.leaving ? relay_state::draining : relay_state::ready});
  }
  auto heard = [&](const node_id& id) {
    auto at = leases_.find(id);
    return at != leases_.end() && !at->second.expired_at && at->second.node.role == node_role::relay;
  };
  for (auto& [id, word] : told_store_)
    if (word && !heard(id)) tell(id, std::nullopt);
  // A relay that died while this directory was away: only now is it certain that it does not come.
  if (!warming(now))
    for (auto& [id, stored] : stored_)
      if (!heard(id)) tell(id, std::nullopt);
  std::erase_if(told_store_, [&](auto& item) { return !item.second && !stored_.contains(item.first); });
  return out;
}

published_snapshot directory_state::publish(time_point now) {
  refresh(now);
  return {revision_, warming(now), list_, store_lost_};
}

const snapshot& directory_state::list() {
  if (dirty_) rebuild(clock_);
  return list_;
}

const revision& directory_state::list_revision() {
  if (dirty_) rebuild(clock_);
  return revision_;
}

load_digest directory_state::loads() {
  relay_loads known;
  for (auto& [id, held] : leases_)
    if (held.node.role == node_role::relay) known.emplace(id, held.meter.level());
  return pack_loads(list(), known);
}

enumeration directory_state::enumerate(const stream_key& key, std::string_view zone, time_point now) {
  refresh(now);
  if (!ranking_) ranking_.emplace(list_);
  demand_.answered(key.str(), zone, now);
  bool own = ranking_->zone(zone) != ranking::no_zone;
  auto wanted = own ? demand_.demand(key.str(), zone, now) : demand_.demand(key.str(), now);
  auto out = cluster::enumerate(key, list_, *ranking_, zone, wanted);
  for (auto* ranks : {&out.head, &out.order})
    for (auto& one : *ranks)
      if (auto held = leases_.find(one.id); held != leases_.end()) one.load = held->second.meter.level();
  if (auto* stream = streams_.find(key.str())) {
    out.live = liveness::live;
    out.live_epoch = stream->log_epoch;
    out.origin = stream->origin;
  } else {
    // A directory that lost most relays has likely lost origins too.
    out.live = warming(now) || frozen() ? liveness::unknown : liveness::not_live;
  }
  return out;
}

std::vector<node_view> directory_state::nodes(time_point now) const {
  std::vector<node_view> out;
  auto add = [&](node_role role, const relay_entry& relay) -> node_view& {
    auto& view = out.emplace_back();
    view.id = relay.id;
    view.role = role;
    view.boot_nonce = relay.boot_nonce;
    view.zone = relay.zone;
    view.trunk_address = relay.trunk_address;
    view.weight = weight_under(rules_, relay);
    view.state = state_under(rules_, relay);
    view.drained = is_drained(rules_, relay.id);
    return view;
  };
  for (auto& [id, held] : leases_) {
    if (held.expired_at) continue;
    auto& node = held.node;
    auto& view = add(node.role, {id, node.boot_nonce, node.trunk_address, node.zone, node.weight,
                                 state_of(id, held, now)});
    auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - held.last_heard).count();
    view.heard_by = {options_.id};
    view.public_url = node.public_url;
    view.version = node.version;
    view.last_heard_ms = static_cast<std::uint32_t>(age);
    view.load = held.load;
    view.load_level = held.meter.level();
    view.failing_for = failures_.reporters(id, max_failing_for);
  }
  for (auto& relay : list_.relays) {
    auto held = leases_.find(relay.id);
    if (held == leases_.end() || held->second.expired_at) add(node_role::relay, relay).elsewhere = true;
  }
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.id < b.id; });
  return out;
}

} // namespace sluice::cluster
