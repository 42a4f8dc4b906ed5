// The part of `upstream_choice` that keeps the two pulls of a hedge apart: two that come through one relay
// fall silent together.
#include "cluster/upstream_choice.hpp"

#include <algorithm>

namespace sluice::cluster {

namespace {

using way = std::vector<node_id>;

/// The origin, first in every path, is common to all.
bool apart(const way& a, const way& b) {
  return a.empty() || b.empty() ||
         std::find_first_of(a.begin() + 1, a.end(), b.begin() + 1, b.end()) == a.end();
}

bool any_two_apart(const std::vector<const way*>& ways) {
  for (auto a = ways.begin(); a != ways.end(); ++a)
    if (std::any_of(a + 1, ways.end(), [&](auto* b) { return apart(**a, *b); })) return true;
  return false;
}

} // namespace

std::vector<way> upstream_choice::ways() const {
  std::vector<way> out;
  for (auto& one : active_)
    out.push_back(one.path);
  return out;
}

/// The ways of the links that stay, without `left`'s.
std::vector<const std::vector<node_id>*> upstream_choice::ways_without(link_id left) const {
  std::vector<const way*> out;
  for (auto& one : active_)
    if (stays(one) && one.id != left) out.push_back(&one.path);
  return out;
}

void upstream_choice::path_changed(link_id link, std::vector<node_id> path, time_point now) {
  auto* from = find(link);
  if (!from) return;
  if (too_deep(path) && !too_deep(from->path)) new_round(now);
  from->path = std::move(path);
  if (!active(link)) return;
  look_apart_at_once(now);
  compare_ways();
}

/// To be called whenever a link comes, goes, or comes another way.
void upstream_choice::compare_ways() {
  auto ways = ways_without(0);
  sharing_ = options_.hedge > 1 && ways.size() > 1 && !any_two_apart(ways);
}

/// Whether both pulls run, but by one relay, and it is time to look for a better pair.
bool upstream_choice::seeking_apart(time_point now) const {
  return sharing_ && !moving_ && now >= apart_at_ && !too_few_fit(now);
}

void upstream_choice::look_apart_at_once(time_point now) {
  apart_at_ = now;
  apart_looks_ = 0;
}

void upstream_choice::look_apart_later(time_point now) {
  tried_.clear();
  apart_at_ = now + backoff(options_.apart_wait, options_.longest_apart_wait, apart_looks_++, random_);
}

/// Two ways without a common relay begin at two relays that the origin itself feeds: the head, as far as this
/// node knows it, or one of the next ranks, where the origin may have gone already.
bool upstream_choice::may_be_apart(const ranked_relay& relay, time_point now) const {
  auto& fed = order_.head;
  auto rank = static_cast<std::size_t>(&relay - order_.relays.data());
  bool first =
      rank < fed.size() + options_.probe_ranks || std::find(fed.begin(), fed.end(), relay.id) != fed.end();
  return first && askable(relay, now) && !health_.suspect(relay.id, now);
}

/// Whether the upstream that said this is no help to a hedge: with it, too, one relay's end would silence
/// all.
bool upstream_choice::shares_way(const upstream_hello& said, time_point now) const {
  if (options_.hedge < 2) return false;
  auto ways = ways_without(moving_ ? moving_->from : 0);
  if (moving_) {
    ways.push_back(&said.path);
    return !sharing_ && !any_two_apart(ways);
  }
  // While others were not asked.
  if (too_few_fit(now) && exhausted_ > 0) return false;
  return !ways.empty() &&
         std::none_of(ways.begin(), ways.end(), [&](auto* one) { return apart(*one, said.path); });
}

/// The one of too many links that is needed least.
link_id upstream_choice::superfluous() const {
  auto least = active_.end();
  for (auto one = active_.begin(); one != active_.end(); ++one) {
    bool needed = options_.hedge > 1 && !sharing_ && !any_two_apart(ways_without(one->id));
    if (!needed && (least == active_.end() || options_.hedge < 2 || one->path.size() >= least->path.size()))
      least = one;
  }
  return least == active_.end() ? active_.back().id : least->id;
}

} // namespace sluice::cluster
