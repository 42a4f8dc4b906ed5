#include "cluster/stream_claim.hpp"

#include <algorithm>

namespace sluice::cluster {

stream_claim::stream_claim(node_id self, const std::vector<node_id>& relays, time_point now,
                           claim_options options)
    : options_(options), self_(std::move(self)), asked_at_(now) {
  for (const auto& id : relays)
    answers_[id];
}

void stream_claim::holds(const node_id& relay, const held_log& log) {
  auto& from = answers_[relay];
  if (from.log && from.log->log_epoch != log.log_epoch) from.first = from.newest = std::nullopt;
  from.log = log;
}

void stream_claim::beat(const node_id& relay, const held_beat& b) {
  auto& from = answers_[relay];
  if (!from.first) from.first = b;
  from.newest = b;
}

void stream_claim::over(const node_id& relay) {
  answers_[relay].over = true;
}

const held_log* stream_claim::newest_log() const {
  const held_log* newest = nullptr;
  for (const auto& [id, from] : answers_)
    if (from.log && (!newest || from.log->log_epoch > newest->log_epoch)) newest = &*from.log;
  return newest;
}

// The next log is as much later as the clock is: viewers see the publisher's absence, no more and no less.
claim_verdict stream_claim::found(const held_log& log, bool live, std::uint64_t now_unix_ms) const {
  std::uint64_t reached = 0;
  for (const auto& [id, from] : answers_) {
    if (!from.log || from.log->log_epoch != log.log_epoch) continue;
    reached = std::max<std::uint64_t>(reached, from.log->newest_timestamp);
    if (!from.newest) continue;
    auto absence = now_unix_ms - std::min(now_unix_ms, from.newest->unix_ms);
    auto most = static_cast<std::uint64_t>(options_.most_absence.count());
    reached = std::max(reached, from.newest->timestamp + std::min(absence, most));
  }
  claim_verdict out;
  out.live = live;
  out.origin = log.origin;
  out.last = log.log_epoch;
  auto margin = live ? static_cast<std::uint64_t>(options_.live_margin.count()) : 0;
  out.first_timestamp = static_cast<std::uint32_t>(std::min<std::uint64_t>(reached + margin + 1, UINT32_MAX));
  return out;
}

std::optional<claim_verdict> stream_claim::verdict(bool at_once, time_point now,
                                                   std::uint64_t now_unix_ms) const {
  bool waited = now - asked_at_ >= options_.answer_limit;
  bool all_said = std::all_of(answers_.begin(), answers_.end(),
                              [](const auto& one) { return one.second.over || one.second.log; });
  const auto* log = newest_log();
  if (!log) return waited || all_said ? std::optional<claim_verdict>(claim_verdict{}) : std::nullopt;
  bool fresh = false;
  const held_beat* newest = nullptr;
  for (const auto& [id, from] : answers_) {
    if (!from.log || from.log->log_epoch != log->log_epoch || !from.newest) continue;
    fresh = fresh || from.newest->number > from.first->number;
    if (!newest || from.newest->number > newest->number) newest = &*from.newest;
  }
  bool away = log->origin == self_ || (newest && !newest->publisher_live);
  if (fresh && !away) return found(*log, true, now_unix_ms);
  if (!waited && !all_said) return std::nullopt;
  if (at_once || away) return found(*log, !away, now_unix_ms);
  bool silent = now - asked_at_ >= options_.silent_limit;
  bool nobody_left =
      std::all_of(answers_.begin(), answers_.end(), [](const auto& one) { return one.second.over; });
  if (silent || nobody_left) return found(*log, false, now_unix_ms);
  return std::nullopt;
}

stream_claim::time_point stream_claim::next_look(time_point now) const {
  auto answered = asked_at_ + options_.answer_limit;
  return now < answered ? answered : asked_at_ + options_.silent_limit;
}

} // namespace sluice::cluster
