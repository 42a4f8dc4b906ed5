#include "net/store/etcd_mirror.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::net::etcd {

void mirror::clear(std::uint64_t revision) {
  stored_.clear();
  rules_ = {};
  if (revision < revision_) revision_ = 0;
}

result<void> mirror::put(const key_value& found) {
  revision_ = std::max(revision_, found.mod_revision);
  auto at = stored_.find(found.key);
  if (at == stored_.end()) {
    if (stored_.size() >= max_keys)
      return error{errc::too_large, fmt::format("more than {} keys under {}", max_keys, keys_.root())};
    at = stored_.emplace(found.key, stored{}).first;
  } else if (found.mod_revision < at->second.mod_revision) {
    return {};
  }
  at->second = {found.mod_revision, std::nullopt};
  auto read_it = read(found, at->second);
  if (!read_it)
    return error{read_it.error().code, fmt::format("key {}: {}", found.key, read_it.error().message)};
  return {};
}

result<void> mirror::read(const key_value& found, stored& into) {
  if (found.key == keys_.policy()) {
    auto rules = policy_from_json(found.value);
    // Drains must not vanish because somebody mistyped the rest.
    if (rules) last_good_rules_ = std::move(*rules);
    rules_ = last_good_rules_;
    return rules ? result<void>() : result<void>(rules.error());
  }
  auto where = keys_.parse_relay(found.key);
  if (!where) return error{errc::malformed, "no key of Sluice's; it counts for nothing"};
  auto entry = relay_from_json(found.value);
  if (!entry) return entry.error();
  if (entry->id != where->relay)
    return error{errc::malformed, fmt::format("relay: 'id' is {}, not the key's", entry->id)};
  into.relay = held{std::move(*entry), found.lease};
  return {};
}

void mirror::erase(const key_value& gone) {
  revision_ = std::max(revision_, gone.mod_revision);
  auto at = stored_.find(gone.key);
  if (at == stored_.end() || gone.mod_revision < at->second.mod_revision) return;
  stored_.erase(at);
  if (gone.key == keys_.policy()) rules_ = {};
}

plane::store_contents mirror::contents() const {
  struct candidate {
    const held* relay;
    std::uint64_t mod_revision;
  };
  std::map<std::string_view, candidate> newest;
  for (const auto& [key, one] : stored_) {
    if (!one.relay) continue;
    auto [at, added] = newest.try_emplace(one.relay->entry.id, candidate{&*one.relay, one.mod_revision});
    if (added) continue;
    auto& known = at->second;
    // Of one boot, the latest word counts: a directory puts a relay again when it changed.
    if (std::pair(known.relay->entry.boot_nonce, known.mod_revision) <
        std::pair(one.relay->entry.boot_nonce, one.mod_revision))
      known = {&*one.relay, one.mod_revision};
  }
  plane::store_contents out;
  out.rules = rules_;
  out.revision = revision_;
  out.relays.reserve(newest.size());
  for (const auto& [id, one] : newest)
    out.relays.push_back(one.relay->entry);
  return out;
}

const mirror::held* mirror::find(std::string_view relay, std::string_view directory) const {
  auto at = stored_.find(keys_.relay(relay, directory));
  return at != stored_.end() && at->second.relay ? &*at->second.relay : nullptr;
}

} // namespace sluice::net::etcd
