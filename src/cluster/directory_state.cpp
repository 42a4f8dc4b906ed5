#include "cluster/directory_state.hpp"

#include "cluster/enumeration.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cluster {

namespace {

error refuse(errc code, const node_id& id, std::string message) {
  return {code, fmt::format("node {}: {}", id.substr(0, 64), message)};
}

bool printable(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

result<void> check_fields(const node_registration& node) {
  if (node.role < node_role::origin || node.role > node_role::directory)
    return error{errc::bad_argument, fmt::format("role {} is unknown", static_cast<int>(node.role))};
  if (auto ok = check_zone(node.zone); !ok) return ok;
  if (auto ok = check_weight(node.weight); !ok) return ok;
  if (node.role == node_role::relay || !node.trunk_address.empty())
    if (auto ok = check_address("trunk_address", node.trunk_address); !ok) return ok;
  if (node.public_url.size() > max_url || !printable(node.public_url))
    return error{errc::bad_argument,
                 fmt::format("public_url: at most {} printable characters, no blanks", max_url)};
  if (node.version.size() > max_version || !printable(node.version))
    return error{errc::bad_argument,
                 fmt::format("version: at most {} printable characters, no blanks", max_version)};
  return {};
}

result<void> check(const node_registration& node) {
  if (!valid_node_id(node.id))
    return refuse(errc::bad_argument, node.id, "not a node id: 1 to 64 letters, digits, . _ -");
  if (auto ok = check_fields(node); !ok) return refuse(ok.error().code, node.id, ok.error().message);
  return {};
}

} // namespace

directory_state::directory_state(directory_options options, time_point now)
    : options_(std::move(options)), started_(now),
      streams_(options_.streams), revision_{options_.id, options_.boot_nonce, 1} {
  list_.rules = options_.rules;
  seal(list_);
}

result<void> directory_state::register_node(const node_registration& node, time_point now) {
  if (auto ok = check(node); !ok) return ok;
  auto found = leases_.find(node.id);
  if (found == leases_.end()) {
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
    if (node.boot_nonce != held) {
      streams_.drop_origin(node.id, now);
      found->second.leaving = false;
      found->second.load = {};
    }
  }
  auto& renewed = found->second;
  renewed.node = node;
  renewed.last_heard = now;
  renewed.expired_at.reset();
  rebuild(now);
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
  auto& renewed = **held;
  auto before = state_of(renewed, now);
  renewed.last_heard = now;
  renewed.load = beat.load;
  renewed.leaving = beat.draining;
  for (auto& [key, timestamp] : beat.timestamps)
    streams_.touch(key, beat.id, timestamp);
  if (state_of(renewed, now) != before) rebuild(now);
  return {};
}

result<void> directory_state::leave(const node_id& id, std::uint64_t boot_nonce, time_point now) {
  auto held = find_lease(id, boot_nonce);
  if (!held) return held.error();
  streams_.drop_origin(id, now);
  leases_.erase(id);
  rebuild(now);
  return {};
}

result<void> directory_state::set_draining(const node_id& id, bool draining, time_point now) {
  auto found = leases_.find(id);
  if (found == leases_.end() || found->second.expired_at)
    return refuse(errc::not_found, id, "no such node here");
  found->second.drained = draining;
  rebuild(now);
  return {};
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

relay_state directory_state::state_of(const lease& held, time_point now) const noexcept {
  if (silent(held, now)) return relay_state::suspect;
  return held.leaving || held.drained ? relay_state::draining : relay_state::ready;
}

bool directory_state::advance(time_point now) {
  update_freeze(now);
  expire_leases(now);
  return rebuild(now);
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

void directory_state::expire_leases(time_point now) {
  for (auto it = leases_.begin(); it != leases_.end();) {
    auto& held = it->second;
    bool kept = frozen_since_ && held.node.role == node_role::relay;
    if (!held.expired_at && !kept && now - held.last_heard >= options_.expire_after) {
      held.expired_at = now;
      streams_.drop_origin(it->first, now);
    }
    bool over = held.expired_at && now - *held.expired_at >= options_.expire_after;
    it = over ? leases_.erase(it) : std::next(it);
  }
}

bool directory_state::thaw(time_point now) {
  if (!frozen_since_) return false;
  frozen_since_.reset();
  std::erase_if(leases_, [&](auto& item) {
    return item.second.node.role == node_role::relay && silent(item.second, now);
  });
  rebuild(now);
  return true;
}

bool directory_state::warming(time_point now) const noexcept {
  return now - started_ < options_.expire_after;
}

bool directory_state::rebuild(time_point now) {
  snapshot fresh;
  fresh.rules = options_.rules;
  for (auto& [id, held] : leases_)
    if (held.node.role == node_role::relay && !held.expired_at)
      fresh.relays.push_back({id, held.node.boot_nonce, held.node.trunk_address, held.node.zone,
                              held.node.weight, state_of(held, now)});
  if (fresh.rules == list_.rules && fresh.relays == list_.relays) return false;
  seal(fresh);
  list_ = std::move(fresh);
  ++revision_.counter;
  return true;
}

published_snapshot directory_state::publish(time_point now) const {
  return {revision_, warming(now), list_};
}

enumeration directory_state::enumerate(const stream_key& key, std::string_view zone, time_point now) const {
  auto out = cluster::enumerate(key, list_, zone);
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
  for (auto& [id, held] : leases_) {
    if (held.expired_at) continue;
    auto& node = held.node;
    auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - held.last_heard).count();
    out.push_back({id, node.role, node.boot_nonce, node.zone, node.trunk_address, node.public_url,
                   node.version, node.weight, state_of(held, now), static_cast<std::uint32_t>(age),
                   held.load});
  }
  return out;
}

} // namespace sluice::cluster
