#include "cluster/enumeration.hpp"

#include "cluster/algorithm.hpp"

#include <algorithm>

namespace sluice::cluster {

namespace {

struct rank {
  double score;
  std::uint32_t index; ///< into `snapshot::relays`
};

/// All relays: ready by score, then draining, then suspect.
std::vector<rank> rank_all(const stream_key& key, const snapshot& list) {
  auto& relays = list.relays;
  std::vector<double> scores(relays.size());
  auto chosen = find_algorithm(list.rules.algorithm);
  (chosen ? **chosen : rendezvous()).score(key, relays, scores);
  std::vector<rank> ranks;
  ranks.reserve(relays.size());
  for (std::uint32_t i = 0; i < relays.size(); ++i)
    ranks.push_back({scores[i], i});
  std::sort(ranks.begin(), ranks.end(), [&](const rank& a, const rank& b) {
    auto &left = relays[a.index], &right = relays[b.index];
    if (left.state != right.state) return left.state < right.state;
    if (a.score != b.score) return a.score > b.score;
    return left.id < right.id;
  });
  return ranks;
}

ranked_relay describe(const snapshot& list, const rank& at) {
  auto& relay = list.relays[at.index];
  return {relay.id, relay.trunk_address, relay.zone, relay.state, at.score};
}

std::size_t count_ready(const snapshot& list, const std::vector<rank>& ranks) {
  auto end = std::find_if(ranks.begin(), ranks.end(), [&](const rank& one) {
    return list.relays[one.index].state != relay_state::ready;
  });
  return static_cast<std::size_t>(end - ranks.begin());
}

/// How many leading `ranks` are the head.
std::size_t head_size(const snapshot& list, std::size_t relays, std::size_t ready) {
  return std::min<std::size_t>(list.rules.copies, ready > 0 ? ready : relays);
}

} // namespace

enumeration enumerate(const stream_key& key, const snapshot& list, std::string_view zone) {
  auto ranks = rank_all(key, list);
  auto ready = count_ready(list, ranks);
  auto head = head_size(list, ranks.size(), ready);
  enumeration out;
  out.digest = list.digest;
  out.head.reserve(head);
  for (std::size_t i = 0; i < head; ++i)
    out.head.push_back(describe(list, ranks[i]));
  // Ranks of one state already have the head in front, so moving the zone forward is all that is left.
  auto near = [&](const rank& one) { return list.relays[one.index].zone == zone; };
  for (auto from = ranks.begin(); from != ranks.end();) {
    auto state = list.relays[from->index].state;
    auto to =
        std::find_if(from, ranks.end(), [&](const rank& r) { return list.relays[r.index].state != state; });
    std::stable_partition(from, to, near);
    from = to;
  }
  out.order.reserve(ranks.size());
  for (auto& one : ranks)
    out.order.push_back(describe(list, one));
  auto nearby = std::find_if_not(out.order.begin(), out.order.begin() + static_cast<std::ptrdiff_t>(ready),
                                 [&](const ranked_relay& r) { return r.zone == zone; }) -
                out.order.begin();
  auto choices = nearby > 0 ? static_cast<std::size_t>(nearby) : head;
  out.spread =
      static_cast<std::uint32_t>(std::max<std::size_t>(1, std::min<std::size_t>(list.rules.spread, choices)));
  return out;
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

pull_plan pull_order(const stream_key& key, const snapshot& list, const node_id& self,
                     std::string_view zone) {
  auto ranks = rank_all(key, list);
  auto head = head_size(list, ranks.size(), count_ready(list, ranks));
  pull_plan out;
  for (std::size_t i = 0; i < head; ++i) {
    if (list.relays[ranks[i].index].id == self)
      out.in_head = true;
    else
      out.upstreams.push_back(describe(list, ranks[i]));
  }
  if (out.in_head) {
    out.mode = pull_mode::local;
    return out;
  }
  auto first = std::find_if(ranks.begin(), ranks.end(),
                            [&](const rank& one) { return list.relays[one.index].zone == zone; });
  if (first == ranks.end() || list.relays[first->index].id == self) return out;
  std::erase_if(out.upstreams, [&](const ranked_relay& r) { return r.id == list.relays[first->index].id; });
  out.upstreams.insert(out.upstreams.begin(), describe(list, *first));
  return out;
}

} // namespace sluice::cluster
