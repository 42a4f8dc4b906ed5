#include "cluster/upstream_choice.hpp"

#include <xxhash.h>

#include <algorithm>
#include <tuple>

namespace sluice::cluster {

namespace {

std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

} // namespace

upstream_choice::upstream_choice(const stream_key& key, node_id self, relay_health& health,
                                 std::uint64_t seed, upstream_options options)
    : options_(options), self_(std::move(self)), health_(health),
      affinity_seed_(hash(self_, hash(key.str(), 0))), random_(seed),
      jitter_(options_.beat_jitter * static_cast<int>(seed % 256) / 256) {}

void upstream_choice::set_order(upstream_order order, time_point now) {
  bool same = std::equal(order.relays.begin(), order.relays.end(), order_.relays.begin(), order_.relays.end(),
                         [](auto& a, auto& b) { return a.id == b.id && a.state == b.state; });
  if (!same || order.live != order_.live) without_stream_.clear();
  order_ = std::move(order);
  look_apart_at_once(now);
  if (same) return;
  new_round(now);
  stop_moving();
  auto listed = [&](const node_id& id) {
    return std::find_if(order_.relays.begin(), order_.relays.end(), [&](auto& one) { return one.id == id; });
  };
  std::erase_if(refused_until_, [&](auto& item) { return listed(item.first) == order_.relays.end(); });
  if (order_.relays.empty()) return;
  for (auto& one : active_) {
    auto found = listed(one.relay.id);
    one.leaving = found == order_.relays.end() || found->state == relay_state::draining;
  }
  compare_ways();
}

void upstream_choice::set_position(epoch at, std::uint64_t head, time_point now) {
  head_ = head;
  if (at == epoch_) return;
  epoch_ = at;
  // A log that was there before any upstream does not wait longer for its first beat than for others.
  if (!beat_at_) beat_at_ = now;
  // The others are about to say the new epoch too: they have `progress_limit` for it.
  for (auto& one : active_) {
    one.caught_up = false;
    one.goal = head;
    one.head_moved = now;
  }
}

upstream_choice::upstream_link* upstream_choice::find(link_id id) {
  for (auto& one : active_)
    if (one.id == id) return &one;
  if (candidate_ && candidate_->id == id) return &*candidate_;
  return nullptr;
}

bool upstream_choice::active(link_id id) const {
  return std::any_of(active_.begin(), active_.end(), [&](auto& one) { return one.id == id; });
}

bool upstream_choice::flowing() const {
  return std::any_of(active_.begin(), active_.end(), [](auto& one) { return one.caught_up; });
}

void upstream_choice::closed(link_id link, time_point now) {
  auto* from = find(link);
  if (!from) return;
  health_.failed(from->relay.id, now);
  release(link, drop_reason::closed, now);
}

void upstream_choice::hello(link_id link, const upstream_hello& said, time_point now) {
  auto* from = find(link);
  if (!from) return;
  health_.answered(from->relay.id, now);
  from->last_received = now;
  if (auto reason = judge(*from, said, now)) {
    if (*reason == drop_reason::gap && active_.empty())
      note_gap(*from, said);
    else if (*reason != drop_reason::gap && *reason != drop_reason::shared_way)
      refuse(from->relay.id, options_.refused_for, now);
    return drop(link, *reason, now);
  }
  if (said.log_epoch > from->log_epoch) from->beat = 0;
  from->log_epoch = said.log_epoch;
  from->path = said.path;
  from->head = said.head;
  from->head_moved = now;
  if (!active(link)) {
    use(said, now);
    from = &active_.back();
  }
  from->seek_at = now + patience(*from);
  compare_ways();
  note_beat(*from, said.beat, now);
  // It has nothing newer for us until it finds its origin again: others may.
  if (said.orphaned) from->seek_at = now;
}

std::optional<drop_reason> upstream_choice::judge(const upstream_link& from, const upstream_hello& said,
                                                  time_point now) const {
  if (std::find(said.path.begin(), said.path.end(), self_) != said.path.end()) return drop_reason::loop;
  if (said.log_epoch < epoch_) return drop_reason::stale;
  // What speaks against one in use only has another sought: see `fit`.
  if (active(from.id)) return std::nullopt;
  if (too_deep(said.path)) return drop_reason::too_deep;
  if (!active_.empty()) {
    if (!suits(said, now)) return drop_reason::not_better;
    if (shares_way(said, now)) return drop_reason::shared_way;
  }
  bool gap = epoch_ && said.log_epoch == epoch_ && said.first > head_;
  if (gap && (!from.accept_gap || !active_.empty())) return drop_reason::gap;
  return std::nullopt;
}

/// Whether a link beside those in use helps: any when there are too few of them, else one that knows more.
bool upstream_choice::suits(const upstream_hello& said, time_point now) const {
  if (!seeking(now)) return false;
  if ((too_few() || seeking_apart(now)) && !said.orphaned) return true;
  // The newest beat of a late path is a little older than that of a path that is on time; one beat more may
  // be mere chance.
  bool late = std::any_of(active_.begin(), active_.end(), [](auto& one) { return one.late; });
  auto newer = beat_ + (late ? 2 : 1);
  return std::tie(said.log_epoch, said.beat) >= std::tie(beat_epoch_, newer);
}

std::chrono::milliseconds upstream_choice::patience(const upstream_link& with) const {
  return options_.beat_limit + options_.beat_limit_per_hop * with.path.size() + jitter_;
}

void upstream_choice::use(const upstream_hello& said, time_point now) {
  bool lead = active_.empty();
  bool gap = epoch_ && said.log_epoch == epoch_ && said.first > head_;
  active_.push_back(std::move(*candidate_));
  candidate_.reset();
  active_.back().since = now;
  active_.back().goal = head_;
  if (!beat_at_) beat_at_ = now;
  next_round_ = now;
  queue_.push_back(use_upstream{active_.back().id, gap, lead, lead ? departed_ : std::nullopt});
  if (lead) departed_.reset();
}

void upstream_choice::note_beat(upstream_link& from, std::uint64_t n, time_point now) {
  if (n <= from.beat) return;
  from.beat = n;
  if (std::tie(from.log_epoch, n) > std::tie(beat_epoch_, beat_)) {
    beat_epoch_ = from.log_epoch;
    beat_ = n;
    beat_at_ = now;
  }
  if (now >= from.seek_at) new_round(now);
  from.seek_at = now + patience(from);
}

void upstream_choice::note_gap(const upstream_link& from, const upstream_hello& said) {
  if (gap_relay_ && gap_first_ <= said.first) return;
  gap_relay_ = from.relay.id;
  gap_first_ = said.first;
}

void upstream_choice::searching(link_id link, time_point now) {
  auto* from = find(link);
  if (!from) return;
  health_.answered(from->relay.id, now);
  from->last_received = now;
  from->hello_by = from->since + options_.search_limit;
}

void upstream_choice::not_here(link_id link, time_point now) {
  auto* from = find(link);
  if (!from) return;
  health_.answered(from->relay.id, now);
  without_stream_.insert(from->relay.id);
  refused(link, now);
}

void upstream_choice::refused(link_id link, time_point now) {
  auto* from = find(link);
  if (!from) return;
  refuse(from->relay.id, options_.refused_for, now);
  release(link, drop_reason::refused, now);
}

void upstream_choice::received(link_id link, time_point now) {
  if (auto* from = find(link)) from->last_received = now;
}

bool upstream_choice::delivered(link_id link, std::uint64_t at, time_point now) {
  auto* from = find(link);
  if (!from || from->log_epoch != epoch_) return false;
  from->last_received = now;
  if (at > from->head) {
    // What an upstream delivered, it has, whatever its last tick said.
    from->head = at;
    from->head_moved = now;
  }
  if (from->caught_up || at < from->goal || !active(link)) return false;
  from->caught_up = true;
  return active_.size() > 1;
}

void upstream_choice::tick(link_id link, std::uint64_t head, time_point now) {
  auto* from = find(link);
  if (!from) return;
  from->last_received = now;
  if (head <= from->head) return;
  from->head = head;
  from->head_moved = now;
}

void upstream_choice::beat(link_id link, std::uint64_t n, std::uint64_t made_ms, time_point now) {
  received(link, now);
  if (!active(link)) return;
  auto& from = *find(link);
  bool fresh = n > from.beat;
  note_beat(from, n, now);
  if (fresh && made_ms != 0) note_lag(from, made_ms, now);
}

void upstream_choice::ended(link_id link, time_point now) {
  if (!find(link)) return;
  // What the leader still has to give comes before its own `end`.
  if (!active_.empty() && active_.front().id != link)
    refused(link, now);
  else
    finish(give_up_reason::ended);
}

void upstream_choice::refuse(const node_id& relay, std::chrono::milliseconds lasting, time_point now) {
  refused_until_[relay] = now + lasting;
}

/// Forgets a link that is over; a proven one ends all earlier failures with it.
void upstream_choice::release(link_id id, drop_reason reason, time_point now) {
  auto* over = find(id);
  if (over->settled) new_round(now);
  // A planned move that failed is no part of a search: it may be tried again.
  if (moving_ && moving_->link == id)
    stop_moving();
  else
    tried_.insert(over->relay.id);
  if (candidate_ && candidate_->id == id) return candidate_.reset();
  bool led = active_.front().id == id;
  if (led) departed_ = departure{over->relay.id, reason};
  active_.erase(active_.begin() + (over - active_.data()));
  compare_ways();
  if (active_.empty()) stop_moving();
  if (!led || active_.empty()) return;
  auto next = std::find_if(active_.begin(), active_.end(), [](auto& one) { return one.caught_up; });
  if (next != active_.end()) std::rotate(active_.begin(), next, next + 1);
  queue_.push_back(lead_upstream{active_.front().id, departed_});
  departed_.reset();
}

void upstream_choice::drop(link_id id, drop_reason reason, time_point now) {
  auto* from = find(id);
  // One that answered other streams meanwhile has much to do, but it lives.
  bool failed = reason == drop_reason::silent ||
                (reason == drop_reason::timed_out && !health_.answered_since(from->relay.id, from->since));
  if (failed) health_.failed(from->relay.id, now);
  if (reason == drop_reason::late) left_for_lag(now);
  if (reason == drop_reason::late || reason == drop_reason::no_beats)
    refuse(from->relay.id, options_.refused_for, now);
  queue_.push_back(drop_upstream{id, reason});
  release(id, reason, now);
}

void upstream_choice::finish(give_up_reason reason) {
  if (candidate_) queue_.push_back(drop_upstream{candidate_->id, drop_reason::finished});
  for (auto& one : active_)
    queue_.push_back(drop_upstream{one.id, drop_reason::finished});
  candidate_.reset();
  active_.clear();
  over_ = reason;
}

void upstream_choice::new_round(time_point now) {
  tried_.clear();
  gap_relay_.reset();
  exhausted_ = 0;
  next_round_ = now;
}

} // namespace sluice::cluster
