#include "cluster/ranking.hpp"

#include "cluster/policy.hpp"

#include <algorithm>
#include <numeric>

namespace sluice::cluster {

namespace {

constexpr auto earlier = [](const auto& a, const auto& b) noexcept {
  return a.rank != b.rank ? a.rank > b.rank : a.index < b.index;
};

/// Sorts entries whose ranks are spread evenly: each goes to the slot its rank points at, and what is left to
/// mend is next to where it belongs.
template <class Entry>
void sort_even(std::span<const Entry> from, std::span<Entry> to, std::vector<std::uint32_t>& starts) {
  auto count = static_cast<std::uint64_t>(from.size());
  auto slot = [&](std::uint64_t rank) { return static_cast<std::size_t>((~rank >> 32) * count >> 32); };
  starts.assign(from.size() + 1, 0);
  for (auto& one : from)
    ++starts[slot(one.rank) + 1];
  for (std::size_t i = 1; i < starts.size(); ++i)
    starts[i] += starts[i - 1];
  for (auto& one : from)
    to[starts[slot(one.rank)]++] = one;
  for (std::size_t i = 1; i < to.size(); ++i) {
    auto one = to[i];
    auto at = i;
    for (; at > 0 && earlier(one, to[at - 1]); --at)
      to[at] = to[at - 1];
    to[at] = one;
  }
}

} // namespace

ranking::ranking(const snapshot& list) : copies_(list.rules.copies) {
  auto chosen = find_algorithm(list.rules.algorithm);
  algorithm_ = chosen ? *chosen : &rendezvous();
  auto& relays = list.relays;
  for (auto& one : relays) {
    states_.push_back(state_under(list.rules, one));
    weights_.push_back(weight_under(list.rules, one));
    id_hashes_.push_back(hash_of(one.id));
    zones_.push_back(one.zone);
  }
  std::sort(zones_.begin(), zones_.end());
  zones_.erase(std::unique(zones_.begin(), zones_.end()), zones_.end());
  for (auto& one : relays)
    zone_of_.push_back(zone(one.zone));
  relays_.resize(relays.size());
  std::iota(relays_.begin(), relays_.end(), 0u);
  std::stable_sort(relays_.begin(), relays_.end(), [&](auto a, auto b) { return states_[a] < states_[b]; });
  for (std::uint32_t at = 0; at < relays_.size(); ++at) {
    auto relay = relays_[at];
    if (groups_.empty() || groups_.back().state != states_[relay])
      groups_.push_back({states_[relay], at, 0, true});
    auto& last = groups_.back();
    ++last.count;
    if (weights_[relay] != weights_[relays_[last.first]]) last.equal_weights = false;
    sorted_hashes_.push_back(id_hashes_[relay]);
    sorted_weights_.push_back(weights_[relay]);
  }
  if (!groups_.empty() && groups_.front().state < relay_state::draining) usable_ = groups_.front().count;
}

std::uint32_t ranking::zone(std::string_view name) const noexcept {
  auto at = std::lower_bound(zones_.begin(), zones_.end(), name);
  return at != zones_.end() && *at == name ? static_cast<std::uint32_t>(at - zones_.begin()) : no_zone;
}

void ranking::rank_group(const group& of, std::uint64_t key, rank_buffer& room) const {
  auto ids = std::span(sorted_hashes_).subspan(of.first, of.count);
  auto weights = std::span(sorted_weights_).subspan(of.first, of.equal_weights ? 0 : of.count);
  auto ranks = std::span(room.ranks_).first(of.count);
  algorithm_->rank(key, ids, weights, ranks);
  auto unsorted = std::span(room.unsorted_).first(of.count);
  auto sorted = std::span(room.sorted_).first(of.count);
  for (std::size_t i = 0; i < of.count; ++i)
    unsorted[i] = {ranks[i], relays_[of.first + i]};
  if (of.equal_weights) {
    sort_even<rank_buffer::entry>(unsorted, sorted, room.starts_);
  } else {
    std::sort(unsorted.begin(), unsorted.end(), earlier);
    sorted = unsorted;
  }
  for (std::size_t i = 0; i < of.count; ++i)
    room.order_[of.first + i] = sorted[i].index;
}

void ranking::move_zone_forward(const group& of, std::uint32_t zone, rank_buffer& room) const {
  auto order = std::span(room.order_).subspan(of.first, of.count);
  std::size_t near = 0, far = 0;
  for (auto relay : order) {
    if (zone_of_[relay] == zone)
      order[near++] = relay;
    else
      room.starts_[far++] = relay;
  }
  std::copy_n(room.starts_.begin(), far, order.begin() + static_cast<std::ptrdiff_t>(near));
}

ranked_indices ranking::rank(std::uint64_t key, std::uint32_t zone, rank_buffer& room) const {
  room.ranks_.resize(size());
  room.unsorted_.resize(size());
  room.sorted_.resize(size());
  room.order_.resize(size());
  for (auto& one : groups_)
    rank_group(one, key, room);
  auto head = std::min<std::size_t>(copies_, usable_ > 0 ? usable_ : size());
  room.head_.assign(room.order_.begin(), room.order_.begin() + static_cast<std::ptrdiff_t>(head));
  if (zone != no_zone && zones_.size() > 1) {
    room.starts_.resize(size() + 1);
    for (auto& one : groups_)
      move_zone_forward(one, zone, room);
  }
  ranked_indices out{room.head_, room.order_, usable_, 0};
  while (out.near < usable_ && zone_of_[room.order_[out.near]] == zone)
    ++out.near;
  return out;
}

} // namespace sluice::cluster
