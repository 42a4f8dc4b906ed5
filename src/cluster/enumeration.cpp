#include "cluster/enumeration.hpp"

#include <algorithm>

namespace sluice::cluster {

namespace {

/// Texts and scores for one key's indices.
class describer {
public:
  describer(const snapshot& list, const ranking& ranks, std::uint64_t key)
      : list_(list), ranks_(ranks), key_(key) {}

  ranked_relay operator()(std::uint32_t index) const {
    auto& relay = list_.relays[index];
    ranked_relay out;
    out.id = relay.id;
    out.trunk_address = relay.trunk_address;
    out.zone = relay.zone;
    out.state = ranks_.state(index);
    out.score = ranks_.score(key_, index);
    out.weight = ranks_.weight(index);
    return out;
  }

  std::vector<ranked_relay> operator()(std::span<const std::uint32_t> indices) const {
    std::vector<ranked_relay> out;
    out.reserve(indices.size());
    for (auto index : indices)
      out.push_back((*this)(index));
    return out;
  }

private:
  const snapshot& list_;
  const ranking& ranks_;
  std::uint64_t key_;
};

} // namespace

std::uint32_t spread_of(const ranked_indices& ranked, const policy& rules, std::uint32_t demand) noexcept {
  auto wanted = std::max(rules.spread, demand);
  auto choices = ranked.near;
  if (choices == 0) choices = static_cast<std::uint32_t>(ranked.head.size());
  if (ranked.near == 0 && demand > rules.spread) choices = std::max(choices, ranked.usable);
  return std::max(1u, std::min(wanted, choices));
}

enumeration enumerate(const stream_key& key, const snapshot& list, const ranking& ranks,
                      std::string_view zone, std::uint32_t demand) {
  auto hash = hash_of(key);
  rank_buffer room;
  auto ranked = ranks.rank(hash, ranks.zone(zone), room);
  describer describe(list, ranks, hash);
  enumeration out;
  out.digest = list.digest;
  out.head = describe(ranked.head);
  out.order = describe(ranked.order);
  out.spread = spread_of(ranked, list.rules, demand);
  return out;
}

enumeration enumerate(const stream_key& key, const snapshot& list, std::string_view zone) {
  return enumerate(key, list, ranking(list), zone);
}

std::string_view name(pull_mode mode) noexcept {
  switch (mode) {
  case pull_mode::through:
    return "through";
  case pull_mode::local:
    return "local";
  }
  return "unknown";
}

pull_plan plan_pull(const enumeration& found, const node_id& self, std::string_view zone) {
  auto is_self = [&](const ranked_relay& r) { return r.id == self; };
  pull_plan out;
  out.upstreams = found.head;
  out.in_head = std::erase_if(out.upstreams, is_self) > 0;
  if (out.in_head) {
    out.mode = pull_mode::local;
    return out;
  }
  auto first = std::find_if(found.order.begin(), found.order.end(),
                            [&](const ranked_relay& r) { return r.zone == zone; });
  if (first == found.order.end() || is_self(*first)) return out;
  std::erase_if(out.upstreams, [&](const ranked_relay& r) { return r.id == first->id; });
  out.upstreams.insert(out.upstreams.begin(), *first);
  return out;
}

} // namespace sluice::cluster
