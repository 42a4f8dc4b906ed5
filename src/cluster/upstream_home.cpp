// The part of `upstream_choice` that compares: which leading relay is home, whether to move there, and
// whether a path is slower than it could be.
#include "cluster/upstream_choice.hpp"

#include <xxhash.h>

#include <algorithm>

namespace sluice::cluster {

/// Rendezvous hashing (Thaler & Ravishankar): with one relay more or less only its own share moves.
std::uint64_t upstream_choice::affinity(const node_id& relay) const {
  return XXH3_64bits_withSeed(relay.data(), relay.size(), affinity_seed_);
}

/// The leading ranks that may be asked now, this stream's favourite first.
std::vector<const ranked_relay*> upstream_choice::leading(time_point now) const {
  std::vector<const ranked_relay*> out;
  for (std::size_t i = 0; i < order_.relays.size() && i < order_.spread; ++i) {
    auto& relay = order_.relays[i];
    if (relay.state == relay_state::ready && askable(relay, now) && !health_.suspect(relay.id, now))
      out.push_back(&relay);
  }
  std::sort(out.begin(), out.end(), [&](auto* a, auto* b) { return affinity(a->id) > affinity(b->id); });
  return out;
}

std::optional<std::uint8_t> upstream_choice::load(const node_id& relay) const {
  if (!loads_) return std::nullopt;
  auto found = loads_->find(relay);
  return found == loads_->end() ? std::nullopt : std::optional(found->second);
}

/// The first choice: among the leading ranks, the less loaded of two.
const ranked_relay* upstream_choice::lead(time_point now) const {
  auto found = leading(now);
  if (found.empty()) return nullptr;
  if (found.size() == 1) return found[0];
  auto a = load(found[0]->id), b = load(found[1]->id);
  return found[a && b && *b < *a ? 1 : 0];
}

const ranked_relay* upstream_choice::better_home(time_point now) const {
  auto found = leading(now);
  return found.empty() ? nullptr : found[0];
}

/// A link whose relay left the leading ranks is away; one in them only when its relay is much more loaded
/// than the favourite. Nobody ever moves away from the favourite for its load, so nothing swings.
bool upstream_choice::away(const upstream_link& one, const ranked_relay& home) const {
  auto end = order_.relays.begin() +
             static_cast<std::ptrdiff_t>(std::min<std::size_t>(order_.spread, order_.relays.size()));
  bool leads = std::any_of(order_.relays.begin(), end, [&](auto& relay) { return relay.id == one.relay.id; });
  if (!leads) return true;
  auto here = load(one.relay.id), there = load(home.id);
  return here && there && *here >= *there + options_.load_step && affinity(home.id) > affinity(one.relay.id);
}

void upstream_choice::check_home(time_point now) {
  // A move is a link more, so none begins while another change is under way.
  if (moving_ || active_.size() > options_.hedge) return;
  auto* home = active_.empty() || seeking(now) ? nullptr : better_home(now);
  auto left = std::find_if(active_.begin(), active_.end(),
                           [&](auto& one) { return home && one.settled && away(one, *home); });
  if (left == active_.end()) return home_at_.reset();
  if (!home_at_) {
    if (now - moved_at_ >= 2 * options_.longest_home_wait) moves_ = 0;
    home_at_ = now + backoff(options_.home_wait, options_.longest_home_wait, moves_, random_);
  }
  if (now < *home_at_) return;
  home_at_.reset();
  moved_at_ = now;
  ++moves_;
  moving_ = move{left->id, home->id};
}

/// How late a beat is shows only against the best one known: the clocks of two nodes differ.
void upstream_choice::note_lag(upstream_link& from, std::uint64_t made_ms, time_point now) {
  using std::chrono::milliseconds;
  auto clock = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
  from.lag = clock.count() - static_cast<std::int64_t>(made_ms);
  if (lag_epoch_ != from.log_epoch) {
    lag_epoch_ = from.log_epoch;
    least_lag_ = from.lag;
    least_lag_at_ = now;
  }
  // Clocks drift apart by less than a millisecond a second.
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - least_lag_at_);
  least_lag_at_ += seconds;
  least_lag_ = std::min<std::int64_t>(least_lag_ + seconds.count(), from.lag);
  auto limit = options_.late_limit + options_.late_limit_per_hop * from.path.size();
  bool late = milliseconds(from.lag - least_lag_) > limit && now >= late_again_;
  if (late && !from.late) new_round(now);
  from.late = late;
}

/// Nobody is faster: this is how long the way takes now.
void upstream_choice::forgive_lag() {
  for (auto& one : active_) {
    if (one.late) least_lag_ = std::max(least_lag_, one.lag);
    one.late = false;
  }
}

void upstream_choice::left_for_lag(time_point now) {
  if (now - late_again_ >= options_.longest_late_pause) late_moves_ = 0;
  late_again_ = now + backoff(options_.late_pause, options_.longest_late_pause, late_moves_++, random_);
  for (auto& one : active_)
    one.late = false;
}

} // namespace sluice::cluster
