#include "cluster/directory_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cluster {

namespace {

result<void> check_printable(std::string_view field, std::string_view text, std::size_t most) {
  bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (printable && text.size() <= most) return {};
  return error{errc::bad_argument,
               fmt::format("{}: at most {} printable characters, no blanks", field, most)};
}

error refuse(errc code, const node_id& id, std::string message) {
  return {code, fmt::format("node {}: {}", id.substr(0, max_node_id), message)};
}

result<void> check_fields(const node_registration& node) {
  if (node.role < node_role::origin || node.role > node_role::directory)
    return error{errc::bad_argument, fmt::format("role {} is unknown", static_cast<int>(node.role))};
  if (auto ok = check_zone(node.zone); !ok) return ok;
  if (auto ok = check_weight(node.weight); !ok) return ok;
  if (node.role == node_role::relay || !node.trunk_address.empty())
    if (auto ok = check_address("trunk_address", node.trunk_address); !ok) return ok;
  if (auto ok = check_public_url("public_url", node.public_url); !ok) return ok;
  return check_printable("version", node.version, max_version);
}

result<void> check(const node_registration& node) {
  if (!valid_node_id(node.id))
    return refuse(errc::bad_argument, node.id, "not a node id: 1 to 64 letters, digits, . _ -");
  if (auto ok = check_fields(node); !ok) return refuse(ok.error().code, node.id, ok.error().message);
  return {};
}

} // namespace

result<void> check_public_url(std::string_view field, std::string_view url) {
  return check_printable(field, url, max_url);
}

directory_state::directory_state(directory_options options, time_point now)
    : options_(std::move(options)), started_(now), clock_(now), advanced_(now), rules_(options_.rules),
      streams_(options_.streams), failures_(options_.failures), demand_(options_.spread),
      pruned_(now), revision_{options_.id, options_.boot_nonce, 1}, built_at_(now) {
  list_.rules = rules_;
  seal(list_);
}

result<void> directory_state::register_node(const node_registration& node, time_point now) {
  if (auto ok = check(node); !ok) return ok;
  note(now);
  auto found = leases_.find(node.id);
  bool anew = found == leases_.end();
  if (anew) {
    if (leases_.size() >= options_.max_nodes)
      return refuse(errc::unavailable, node.id,
                    fmt::format("{} nodes are registered, the most there may be", leases_.size()));
    found = leases_.try_emplace(node.id).first;
  } else {
    auto held = found->second.node.boot_nonce;
    // A node whose clock went back has a lower nonce; it gets its place once its old self is silent.
    if (node.boot_nonce < held && !silent(found->second, now))
      return refuse(errc::stale, node.id,
                    fmt::format("boot {} is older than {}, which is heard; is there "
                                "another node of that name?",
                                node.boot_nonce, held));
    anew = node.boot_nonce != held;
    if (anew) {
      streams_.drop_origin(node.id, now);
      demand_.forget(node.id);
      found->second = {};
    }
  }
  if (anew && node.role == node_role::relay) failures_.started(node.id, now);
  auto& renewed = found->second;
  renewed.node = node;
  renewed.last_heard = now;
  renewed.expired_at.reset();
  auto stored = stored_.find(node.id);
  auto gone = gone_.find(node.id);
  bool returns = (stored != stored_.end() && stored->second.boot_nonce == node.boot_nonce) ||
                 (gone != gone_.end() && gone->second.boot_nonce == node.boot_nonce);
  if (anew && !returns && !warming(now)) renewed.joined = now;
  gone_.erase(node.id);
  dirty_ = true;
  return {};
}

result<directory_state::lease*> directory_state::find_lease(const node_id& id, std::uint64_t boot_nonce) {
  auto found = leases_.find(id);
  if (found == leases_.end()) return refuse(errc::not_found, id, "no lease here; register first");
  auto held = found->second.node.boot_nonce;
  if (boot_nonce < held)
    return refuse(errc::stale, id, fmt::format("boot {} is older than {}", boot_nonce, held));
  if (boot_nonce > held || found->second.expired_at)
    return refuse(errc::not_found, id, fmt::format("boot {} has no lease here; register first", boot_nonce));
  return &found->second;
}

result<void> directory_state::heartbeat(const node_heartbeat& beat, time_point now) {
  auto held = find_lease(beat.id, beat.boot_nonce);
  if (!held) return held.error();
  note(now);
  auto& renewed = **held;
  renewed.last_heard = now;
  renewed.load = beat.load;
  renewed.meter.report(utilisation(beat.load, renewed.node.weight), now);
  renewed.leaving = beat.draining;
  for (auto& [key, timestamp] : beat.timestamps)
    streams_.touch(key, beat.id, timestamp);
  failures_.report(beat.id, beat.failing, now);
  if (renewed.node.role == node_role::relay) {
    demand_.report(beat.id, renewed.node.zone, beat.pulls, now);
    if (renewed.listed != state_of(beat.id, renewed, now)) dirty_ = true;
  }
  return {};
}

std::vector<lost_stream> directory_state::lost_streams(const node_heartbeat& beat) const {
  std::vector<lost_stream> out;
  for (auto& [key, timestamp] : beat.timestamps) {
    const auto* announced = streams_.find(key);
    if (announced && announced->origin != beat.id) out.push_back({key, announced->log_epoch});
  }
  return out;
}

result<void> directory_state::leave(const node_id& id, std::uint64_t boot_nonce, time_point now) {
  auto held = find_lease(id, boot_nonce);
  if (!held) return held.error();
  note(now);
  streams_.drop_origin(id, now);
  demand_.forget(id);
  leases_.erase(id);
  forget(id, boot_nonce, now);
  dirty_ = true;
  return {};
}

/// Remembers a node that is gone, in place of the one that is gone for longest.
void directory_state::forget(const node_id& id, std::uint64_t boot_nonce, time_point left, bool expired) {
  failures_.forget(id);
  gone_.insert_or_assign(id, memory{boot_nonce, left, expired});
  if (gone_.size() <= options_.max_nodes) return;
  gone_.erase(std::min_element(gone_.begin(), gone_.end(),
                               [](auto& a, auto& b) { return a.second.left < b.second.left; }));
}

result<void> directory_state::announce(const stream_announcement& stream, std::uint64_t boot_nonce,
                                       std::uint64_t now_unix_ms, time_point now) {
  auto held = find_lease(stream.origin, boot_nonce);
  if (!held) return held.error();
  return streams_.announce(stream, now_unix_ms, now);
}

bool directory_state::withdraw(const stream_key& key, epoch log_epoch, time_point now) {
  return streams_.withdraw(key.str(), log_epoch, now);
}

stream_recall directory_state::recall(const stream_key& key, time_point now) const {
  return streams_.recall(key.str(), now);
}

bool directory_state::silent(const lease& held, time_point now) const noexcept {
  return now - held.last_heard >= options_.suspect_after;
}

bool directory_state::advance(time_point now) {
  note(now);
  recover(now);
  auto before = list_.digest;
  update_freeze(now);
  expire_leases(now);
  update_failing(now);
  if (now - pruned_ >= std::chrono::seconds(1)) {
    demand_.prune(now);
    pruned_ = now;
  }
  dirty_ = dirty_ || std::any_of(leases_.begin(), leases_.end(), [&](auto& item) {
             auto entry = entry_of(item.first, item.second, now);
             return item.second.listed != (entry ? std::optional(entry->state) : std::nullopt);
           });
  if (dirty_) rebuild(now);
  return list_.digest != before;
}

// After a standstill of this directory itself what is overdue says nothing: it starts over, as a young one
// with a list, and hears its nodes before they expire.
void directory_state::recover(time_point now) {
  auto stood = now - std::exchange(advanced_, now);
  if (stood < options_.suspect_after) return;
  started_ = now;
  for (auto& [id, held] : leases_)
    held.last_heard = std::max(held.last_heard, now - options_.suspect_after);
}

void directory_state::update_freeze(time_point now) {
  std::size_t relays = 0, quiet = 0;
  bool expiring = false;
  for (auto& [id, held] : leases_) {
    if (held.node.role != node_role::relay) continue;
    ++relays;
    if (!silent(held, now)) continue;
    ++quiet;
    expiring = expiring || (!held.expired_at && now - held.last_heard >= options_.expire_after);
  }
  if (!frozen_since_) {
    // The first to expire is only the first: those silent with it count as expiring too.
    if (expiring && relays >= min_frozen_relays && quiet * 2 > relays) {
      frozen_since_ = now;
      for (auto& [id, held] : leases_)
        if (held.node.role == node_role::relay) held.expired_at.reset();
    }
    return;
  }
  if (now - *frozen_since_ >= options_.thaw_after) {
    thaw(now);
  } else if (quiet * 2 <= relays) {
    // Half is back: the rest, about to come back too, stays suspect a little longer before it expires.
    frozen_since_.reset();
    for (auto& [id, held] : leases_)
      if (held.node.role == node_role::relay && silent(held, now))
        held.last_heard = now - options_.suspect_after;
  }
}

void directory_state::expire(const node_id& id, lease& held, time_point now) {
  held.expired_at = now;
  // Also for the store: in the list it may stay as it was, by that store's word.
  dirty_ = true;
  streams_.drop_origin(id, now);
  demand_.forget(id);
}

void directory_state::expire_leases(time_point now) {
  for (auto it = leases_.begin(); it != leases_.end();) {
    auto& held = it->second;
    bool relay = held.node.role == node_role::relay;
    bool kept = frozen_since_ && relay;
    if (!held.expired_at && !kept && now - held.last_heard >= options_.expire_after) {
      expire(it->first, held, now);
    }
    bool over = held.expired_at && now - *held.expired_at >= options_.expire_after &&
                !(store_lost_ && relay && stored_.contains(it->first));
    if (over) {
      forget(it->first, held.node.boot_nonce, *held.expired_at, true);
      dirty_ = true;
    }
    it = over ? leases_.erase(it) : std::next(it);
  }
}

bool directory_state::thaw(time_point now) {
  if (!frozen_since_) return false;
  note(now);
  frozen_since_.reset();
  for (auto& [id, held] : leases_)
    if (held.node.role == node_role::relay && silent(held, now) && !held.expired_at) expire(id, held, now);
  dirty_ = true;
  return true;
}

bool directory_state::warming(time_point now) const noexcept {
  return now - started_ < options_.expire_after;
}

} // namespace sluice::cluster
