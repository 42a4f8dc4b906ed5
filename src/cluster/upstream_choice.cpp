#include "cluster/upstream_choice.hpp"

#include <xxhash.h>

#include <algorithm>
#include <tuple>

namespace sluice::cluster {

std::string_view name(drop_reason reason) noexcept {
  switch (reason) {
  case drop_reason::timed_out:
    return "timed_out";
  case drop_reason::silent:
    return "silent";
  case drop_reason::loop:
    return "loop";
  case drop_reason::too_deep:
    return "too_deep";
  case drop_reason::stale:
    return "stale";
  case drop_reason::gap:
    return "gap";
  case drop_reason::behind:
    return "behind";
  case drop_reason::not_better:
    return "not_better";
  case drop_reason::replaced:
    return "replaced";
  case drop_reason::finished:
    return "finished";
  }
  return "unknown";
}

std::string_view name(give_up_reason reason) noexcept {
  switch (reason) {
  case give_up_reason::not_live:
    return "not_live";
  case give_up_reason::unreachable:
    return "unreachable";
  case give_up_reason::ended:
    return "ended";
  case give_up_reason::origin_lost:
    return "origin_lost";
  }
  return "unknown";
}

upstream_order order_of(const enumeration& found) {
  return {found.order, found.spread, pull_mode::through, found.live, found.live == liveness::live};
}

upstream_order order_of(const pull_plan& plan) {
  return {plan.upstreams, 1, plan.mode, liveness::unknown, false};
}

upstream_choice::upstream_choice(const stream_key& key, node_id self, relay_health& health,
                                 std::uint64_t seed, upstream_options options)
    : options_(options), self_(std::move(self)), health_(health),
      spread_hash_(
          XXH3_64bits_withSeed(self_.data(), self_.size(), XXH3_64bits(key.str().data(), key.str().size()))),
      random_(seed) {}

void upstream_choice::set_order(upstream_order order, time_point now) {
  bool same = std::equal(order.relays.begin(), order.relays.end(), order_.relays.begin(), order_.relays.end(),
                         [](auto& a, auto& b) { return a.id == b.id && a.state == b.state; });
  if (!same || order.live != order_.live) without_stream_.clear();
  order_ = std::move(order);
  if (same) return;
  new_round(now);
  auto listed = [&](const node_id& id) {
    return std::find_if(order_.relays.begin(), order_.relays.end(), [&](auto& one) { return one.id == id; });
  };
  std::erase_if(refused_until_, [&](auto& item) { return listed(item.first) == order_.relays.end(); });
  if (!current_ || order_.relays.empty()) return;
  auto found = listed(current_->relay.id);
  current_->leaving = found == order_.relays.end() || found->state == relay_state::draining;
}

void upstream_choice::set_position(epoch at, std::uint64_t head) {
  epoch_ = at;
  head_ = head;
  // What an upstream delivered, it has, whatever its last tick said.
  if (current_ && current_->log_epoch == at) current_->head = std::max(current_->head, head);
}

upstream_choice::upstream_link* upstream_choice::find(link_id id) {
  if (current_ && current_->id == id) return &*current_;
  if (candidate_ && candidate_->id == id) return &*candidate_;
  return nullptr;
}

void upstream_choice::closed(link_id link, time_point now) {
  auto* from = find(link);
  if (!from) return;
  health_.failed(from->relay.id, now);
  release(link, now);
}

void upstream_choice::hello(link_id link, const upstream_hello& said, time_point now) {
  auto* from = find(link);
  if (!from) return;
  from->last_received = now;
  if (auto reason = judge(*from, said, now)) {
    if (*reason == drop_reason::gap)
      note_gap(*from, said);
    else
      refuse(from->relay.id, now);
    drop(*from, *reason, now);
    return;
  }
  from->log_epoch = said.log_epoch;
  from->hops = said.path.size();
  from->head = said.head;
  from->head_moved = now;
  if (candidate_ && candidate_->id == link) use(said, now);
  current_->seek_at = now + options_.beat_limit + options_.beat_limit_per_hop * current_->hops;
  note_beat(*current_, said.beat, now);
  // It has nothing newer for us until it finds its origin again: others may.
  if (said.orphaned) current_->seek_at = now;
}

std::optional<drop_reason> upstream_choice::judge(const upstream_link& from, const upstream_hello& said,
                                                  time_point now) const {
  if (std::find(said.path.begin(), said.path.end(), self_) != said.path.end()) return drop_reason::loop;
  if (said.path.size() > options_.max_path) return drop_reason::too_deep;
  if (said.log_epoch < epoch_) return drop_reason::stale;
  if (current_ && current_->id == from.id) return std::nullopt;
  if (current_) {
    bool better = std::tie(said.log_epoch, said.beat) > std::tie(beat_epoch_, beat_);
    bool suits = current_->leaving ? !said.orphaned : better;
    if (!seeking(now) || !suits) return drop_reason::not_better;
  }
  bool gap = epoch_ && said.log_epoch == epoch_ && said.first > head_;
  if (gap && !from.accept_gap) return drop_reason::gap;
  return std::nullopt;
}

void upstream_choice::use(const upstream_hello& said, time_point now) {
  if (current_) drop(*current_, drop_reason::replaced, now);
  current_ = std::move(candidate_);
  candidate_.reset();
  current_->since = now;
  if (!beat_at_) beat_at_ = now;
  next_round_ = now;
  bool gap = epoch_ && said.log_epoch == epoch_ && said.first > head_;
  queue_.push_back(use_upstream{current_->id, gap});
}

void upstream_choice::note_beat(upstream_link& from, std::uint64_t n, time_point now) {
  if (std::tie(from.log_epoch, n) <= std::tie(beat_epoch_, beat_)) return;
  beat_epoch_ = from.log_epoch;
  beat_ = n;
  beat_at_ = now;
  if (now >= from.seek_at) new_round(now);
  from.seek_at = now + options_.beat_limit + options_.beat_limit_per_hop * from.hops;
}

void upstream_choice::note_gap(const upstream_link& from, const upstream_hello& said) {
  if (gap_relay_ && gap_first_ <= said.first) return;
  gap_relay_ = from.relay.id;
  gap_first_ = said.first;
}

void upstream_choice::searching(link_id link, time_point now) {
  auto* from = find(link);
  if (!from) return;
  from->last_received = now;
  from->hello_by = from->since + options_.search_limit;
}

void upstream_choice::not_here(link_id link, time_point now) {
  auto* from = find(link);
  if (!from) return;
  without_stream_.insert(from->relay.id);
  refused(link, now);
}

void upstream_choice::refused(link_id link, time_point now) {
  auto* from = find(link);
  if (!from) return;
  refuse(from->relay.id, now);
  release(link, now);
}

void upstream_choice::received(link_id link, time_point now) {
  if (auto* from = find(link)) from->last_received = now;
}

void upstream_choice::tick(link_id link, std::uint64_t head, time_point now) {
  auto* from = find(link);
  if (!from) return;
  from->last_received = now;
  if (head <= from->head) return;
  from->head = head;
  from->head_moved = now;
}

void upstream_choice::beat(link_id link, std::uint64_t n, time_point now) {
  received(link, now);
  if (current_ && current_->id == link) note_beat(*current_, n, now);
}

void upstream_choice::ended(link_id link, time_point now) {
  if (!find(link)) return;
  if (current_ && current_->id != link)
    refused(link, now);
  else
    finish(give_up_reason::ended);
}

void upstream_choice::refuse(const node_id& relay, time_point now) {
  refused_until_[relay] = now + options_.refused_for;
}

/// Forgets a link that is over; a proven one ends all earlier failures with it.
void upstream_choice::release(link_id id, time_point now) {
  auto* over = find(id);
  if (over->settled) new_round(now);
  tried_.insert(over->relay.id);
  if (current_ && current_->id == id)
    current_.reset();
  else
    candidate_.reset();
}

void upstream_choice::drop(const upstream_link& from, drop_reason reason, time_point now) {
  if (reason == drop_reason::timed_out || reason == drop_reason::silent) health_.failed(from.relay.id, now);
  queue_.push_back(drop_upstream{from.id, reason});
  release(from.id, now);
}

void upstream_choice::finish(give_up_reason reason) {
  for (auto* one : {&candidate_, &current_}) {
    if (*one) queue_.push_back(drop_upstream{(*one)->id, drop_reason::finished});
    one->reset();
  }
  over_ = reason;
}

void upstream_choice::new_round(time_point now) {
  tried_.clear();
  gap_relay_.reset();
  exhausted_ = 0;
  next_round_ = now;
}

} // namespace sluice::cluster
