// The part of `upstream_choice` that time drives: deadlines, and the search through the order.
#include "cluster/upstream_choice.hpp"

#include <algorithm>

namespace sluice::cluster {

upstream_action upstream_choice::next(time_point now) {
  if (!over_) check_deadlines(now);
  std::optional<upstream_action> found;
  if (queue_.empty() && !over_) found = seek(now);
  if (found) return *found;
  if (!queue_.empty()) {
    auto action = std::move(queue_.front());
    queue_.pop_front();
    return action;
  }
  if (over_) return give_up{*over_};
  return wait_until{next_deadline(now)};
}

void upstream_choice::check_deadlines(time_point now) {
  if (candidate_ && now >= candidate_->hello_by) drop(*candidate_, drop_reason::timed_out, now);
  if (current_) check_current(now);
  if (current_ && candidate_ && !seeking(now)) drop(*candidate_, drop_reason::not_better, now);
  if (beat_at_ && now - *beat_at_ >= options_.grace) finish(give_up_reason::origin_lost);
  if (!over_ && !epoch_ && !current_) check_search();
}

void upstream_choice::check_current(time_point now) {
  auto& held = *current_;
  if (now - held.last_received >= options_.silent_limit) {
    drop(held, drop_reason::silent, now);
  } else if (behind(held) && now - held.head_moved >= options_.progress_limit) {
    refuse(held.relay.id, now);
    drop(held, drop_reason::behind, now);
  } else if (!held.settled && now - held.since >= options_.settle_after && now < held.seek_at) {
    held.settled = true;
    health_.heard(held.relay.id);
    new_round(now);
  }
}

/// Whether a search without a log is hopeless.
void upstream_choice::check_search() {
  auto enough = std::min(options_.probe_ranks, order_.relays.size());
  bool asked = enough > 0 && without_stream_.size() >= enough;
  if (order_.live == liveness::not_live || (!order_.patient && asked)) finish(give_up_reason::not_live);
}

bool upstream_choice::seeking(time_point now) const {
  return !current_ || current_->leaving || now >= current_->seek_at;
}

bool upstream_choice::behind(const upstream_link& from) const {
  return from.log_epoch == epoch_ && from.head < head_;
}

bool upstream_choice::askable(const ranked_relay& relay, time_point now) const {
  if (relay.id == self_ || tried_.contains(relay.id)) return false;
  if (current_ &&
      (current_->relay.id == relay.id || (current_->leaving && relay.state != relay_state::ready)))
    return false;
  auto refused = refused_until_.find(relay.id);
  if (refused != refused_until_.end() && refused->second > now) return false;
  return health_.usable(relay.id, now);
}

/// The first choice: among the leading ranks, the less loaded of two, or by the hash alone.
const ranked_relay* upstream_choice::lead(time_point now) const {
  std::vector<const ranked_relay*> leading;
  for (std::size_t i = 0; i < order_.relays.size() && i < order_.spread; ++i) {
    auto& relay = order_.relays[i];
    if (relay.state == relay_state::ready && askable(relay, now) && !health_.suspect(relay.id, now))
      leading.push_back(&relay);
  }
  if (leading.empty()) return nullptr;
  auto n = leading.size();
  auto first = spread_hash_ % n;
  if (n == 1) return leading[first];
  auto second = (first + 1 + (spread_hash_ >> 32) % (n - 1)) % n;
  if (!loads_) return leading[first];
  auto a = loads_->find(leading[first]->id), b = loads_->find(leading[second]->id);
  bool known = a != loads_->end() && b != loads_->end();
  return leading[known && b->second < a->second ? second : first];
}

const ranked_relay* upstream_choice::pick(time_point now) const {
  if (auto* found = lead(now)) return found;
  for (bool suspects : {false, true})
    for (auto& relay : order_.relays)
      if (askable(relay, now) && (suspects || !health_.suspect(relay.id, now))) return &relay;
  return nullptr;
}

std::optional<upstream_action> upstream_choice::seek(time_point now) {
  if (candidate_ || !seeking(now) || now < next_round_) return std::nullopt;
  if (auto* relay = pick(now)) return connect(*relay, false, now);
  if (gap_relay_) {
    auto found = std::find_if(order_.relays.begin(), order_.relays.end(),
                              [&](auto& relay) { return relay.id == *gap_relay_; });
    gap_relay_.reset();
    if (found != order_.relays.end()) return connect(*found, true, now);
  }
  if (!epoch_ && !current_ && !order_.patient) {
    finish(without_stream_.empty() ? give_up_reason::unreachable : give_up_reason::not_live);
    return std::nullopt;
  }
  next_round_ = now + backoff(options_.first_wait, options_.longest_wait, exhausted_++, random_);
  tried_.clear();
  return std::nullopt;
}

upstream_action upstream_choice::connect(const ranked_relay& relay, bool accept_gap, time_point now) {
  upstream_link fresh;
  fresh.id = ++last_link_;
  fresh.relay = relay;
  fresh.since = now;
  fresh.last_received = now;
  fresh.hello_by = now + options_.connect_limit;
  fresh.accept_gap = accept_gap;
  candidate_ = std::move(fresh);
  return connect_upstream{last_link_,         relay.id,    relay.trunk_address, epoch_,
                          epoch_ ? head_ : 0, order_.mode, current_.has_value()};
}

upstream_choice::time_point upstream_choice::next_deadline(time_point now) const {
  auto until = time_point::max();
  auto sooner = [&](time_point when) { until = std::min(until, when); };
  if (candidate_)
    sooner(candidate_->hello_by);
  else if (seeking(now))
    sooner(next_round_);
  if (current_) {
    sooner(current_->last_received + options_.silent_limit);
    if (behind(*current_)) sooner(current_->head_moved + options_.progress_limit);
    if (!seeking(now)) sooner(current_->seek_at);
  }
  if (beat_at_) sooner(*beat_at_ + options_.grace);
  return until;
}

} // namespace sluice::cluster
