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
  if (candidate_ && too_late(*candidate_, now)) drop(candidate_->id, drop_reason::timed_out, now);
  check_links(now);
  check_home(now);
  trim(now);
  if (candidate_ && !seeking(now)) drop(candidate_->id, drop_reason::not_better, now);
  if (beat_at_ && now - *beat_at_ >= options_.grace) finish(give_up_reason::origin_lost);
  if (!over_ && !epoch_ && active_.empty()) check_search();
}

/// Whether the hello of `asked` is not to be waited for. Where nobody feeds and nobody else can be asked, a
/// slow relay is better than none.
bool upstream_choice::too_late(const upstream_link& asked, time_point now) const {
  if (now < asked.hello_by) return false;
  bool needed = active_.empty() && !others_usable(asked, now);
  return !needed || now >= asked.since + options_.search_limit;
}

bool upstream_choice::others_usable(const upstream_link& than, time_point now) const {
  return std::any_of(order_.relays.begin(), order_.relays.end(), [&](auto& relay) {
    bool other = relay.id != than.relay.id && relay.id != self_;
    return other && !refuses(relay.id, now) && health_.usable(relay.id, now);
  });
}

void upstream_choice::check_links(time_point now) {
  for (std::size_t i = 0; i < active_.size();) {
    auto& held = active_[i];
    if (now - held.last_received >= options_.silent_limit) {
      drop(held.id, drop_reason::silent, now);
      continue;
    }
    if (behind(held) && now - held.head_moved >= options_.progress_limit) {
      refuse(held.relay.id, options_.refused_for, now);
      drop(held.id, drop_reason::behind, now);
      continue;
    }
    if (!held.settled && now - held.since >= options_.settle_after && now < held.seek_at) {
      held.settled = true;
      health_.heard(held.relay.id);
      new_round(now);
    }
    ++i;
  }
}

/// Lets go of the links that are not wanted any more, once enough others flow.
void upstream_choice::trim(time_point now) {
  while (active_.size() > 1) {
    auto good = [&](const upstream_link& one) { return one.caught_up && fit(one, now); };
    auto flowing = static_cast<std::size_t>(std::count_if(active_.begin(), active_.end(), good));
    // When nobody else is to be found, one is enough.
    auto enough = exhausted_ > 0 ? std::size_t{1} : options_.hedge;
    auto over = std::find_if(active_.begin(), active_.end(), [&](auto& one) { return !fit(one, now); });
    if (over != active_.end() && flowing >= enough) {
      drop(over->id, why_left(*over, now), now);
      continue;
    }
    if (flowing <= options_.hedge) return;
    if (moving_) {
      auto* to = find(moving_->link);
      if (!to || !good(*to)) return;
    }
    bool moved = moving_ && find(moving_->from);
    auto left = moved ? moving_->from : superfluous();
    stop_moving();
    drop(left, moved ? drop_reason::moved : drop_reason::surplus, now);
  }
}

drop_reason upstream_choice::why_left(const upstream_link& one, time_point now) const {
  if (one.leaving) return drop_reason::leaving;
  if (too_deep(one.path)) return drop_reason::too_deep;
  if (one.log_epoch < epoch_) return drop_reason::stale;
  if (now >= one.seek_at) return drop_reason::no_beats;
  return one.late ? drop_reason::late : drop_reason::surplus;
}

/// Whether a search without a log is hopeless.
void upstream_choice::check_search() {
  auto enough = std::min(options_.probe_ranks, order_.relays.size());
  bool asked = enough > 0 && without_stream_.size() >= enough;
  if (order_.live == liveness::not_live || (!order_.patient && asked)) finish(give_up_reason::not_live);
}

bool upstream_choice::fit(const upstream_link& one, time_point now) const {
  return stays(one) && !one.late && now < one.seek_at;
}

bool upstream_choice::too_few() const {
  auto staying = std::count_if(active_.begin(), active_.end(), [this](auto& one) { return stays(one); });
  return static_cast<std::size_t>(staying) < wanted();
}

bool upstream_choice::too_few_fit(time_point now) const {
  auto good = std::count_if(active_.begin(), active_.end(), [&](auto& one) { return fit(one, now); });
  return static_cast<std::size_t>(good) < wanted();
}

bool upstream_choice::seeking(time_point now) const {
  return too_few_fit(now) || seeking_apart(now);
}

bool upstream_choice::behind(const upstream_link& from) const {
  return from.log_epoch < epoch_ || (from.log_epoch == epoch_ && from.head < head_);
}

bool upstream_choice::askable(const ranked_relay& relay, time_point now) const {
  return unasked(relay, now) && health_.usable(relay.id, now);
}

bool upstream_choice::unasked(const ranked_relay& relay, time_point now) const {
  if (relay.id == self_ || tried_.contains(relay.id)) return false;
  for (auto& one : active_)
    if (one.relay.id == relay.id) return false;
  // A planned move or a hedge is not worth one that is about to leave or may be dead.
  bool lasting = relay.state == relay_state::ready || relay.state == relay_state::joining;
  if (!active_.empty() && (too_few() || seeking_apart(now)) && !lasting) return false;
  return !refuses(relay.id, now);
}

bool upstream_choice::refuses(const node_id& relay, time_point now) const {
  auto found = refused_until_.find(relay);
  return found != refused_until_.end() && found->second > now;
}

const ranked_relay* upstream_choice::pick(time_point now) const {
  if (moving_ && !active_.empty()) {
    auto found = std::find_if(order_.relays.begin(), order_.relays.end(),
                              [&](auto& relay) { return relay.id == moving_->to; });
    return found != order_.relays.end() && askable(*found, now) ? &*found : nullptr;
  }
  if (seeking_apart(now)) {
    auto found = std::find_if(order_.relays.begin(), order_.relays.end(),
                              [&](auto& relay) { return may_be_apart(relay, now); });
    return found != order_.relays.end() ? &*found : nullptr;
  }
  if (auto* found = lead(now)) return found;
  for (bool suspects : {false, true})
    for (auto& relay : order_.relays)
      if (askable(relay, now) && (suspects || !health_.suspect(relay.id, now))) return &relay;
  // A search that would end here asks those who failed for other streams, too.
  if (epoch_ || order_.patient) return nullptr;
  auto left = std::find_if(order_.relays.begin(), order_.relays.end(),
                           [&](auto& relay) { return unasked(relay, now); });
  return left != order_.relays.end() ? &*left : nullptr;
}

std::optional<upstream_action> upstream_choice::seek(time_point now) {
  if (candidate_ || !seeking(now) || now < next_round_) return std::nullopt;
  if (auto* relay = pick(now)) return connect(*relay, false, now);
  if (moving_) {
    stop_moving();
    return std::nullopt;
  }
  if (seeking_apart(now)) {
    look_apart_later(now);
    return std::nullopt;
  }
  if (gap_relay_) {
    auto found = std::find_if(order_.relays.begin(), order_.relays.end(),
                              [&](auto& relay) { return relay.id == *gap_relay_; });
    gap_relay_.reset();
    if (found != order_.relays.end()) return connect(*found, true, now);
  }
  if (!epoch_ && active_.empty() && !order_.patient) {
    finish(without_stream_.empty() ? give_up_reason::unreachable : give_up_reason::not_live);
    return std::nullopt;
  }
  next_round_ = now + backoff(options_.first_wait, options_.longest_wait, exhausted_++, random_);
  tried_.clear();
  trim(now);
  forgive_lag();
  return std::nullopt;
}

upstream_action upstream_choice::connect(const ranked_relay& relay, bool accept_gap, time_point now) {
  // Nobody is to fetch the stream only to be compared.
  bool compared =
      seeking_apart(now) && std::find(order_.head.begin(), order_.head.end(), relay.id) == order_.head.end();
  upstream_link fresh;
  fresh.id = ++last_link_;
  fresh.relay = relay;
  fresh.since = now;
  fresh.last_received = now;
  fresh.hello_by = now + options_.connect_limit;
  fresh.accept_gap = accept_gap;
  candidate_ = std::move(fresh);
  if (moving_) moving_->link = last_link_;
  return connect_upstream{last_link_,      relay.id,           relay.trunk_address,
                          epoch_,          epoch_ ? head_ : 0, compared ? pull_mode::local : order_.mode,
                          !active_.empty()};
}

upstream_choice::time_point upstream_choice::next_deadline(time_point now) const {
  auto until = time_point::max();
  auto sooner = [&](time_point when) { until = std::min(until, when); };
  // One that is waited for beyond its limit is left as soon as another can be asked.
  if (candidate_)
    sooner(now < candidate_->hello_by
               ? candidate_->hello_by
               : std::min(candidate_->since + options_.search_limit, now + options_.first_wait));
  else if (seeking(now))
    sooner(next_round_);
  else if (sharing_ && !moving_)
    sooner(apart_at_);
  for (auto& one : active_) {
    sooner(one.last_received + options_.silent_limit);
    if (behind(one)) sooner(one.head_moved + options_.progress_limit);
    if (now < one.seek_at) sooner(one.seek_at);
  }
  if (home_at_) sooner(*home_at_);
  if (beat_at_) sooner(*beat_at_ + options_.grace);
  return until;
}

} // namespace sluice::cluster
