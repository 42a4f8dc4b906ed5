// What a puller does when one of its upstreams speaks.
#include "net/trunk/puller.hpp"

namespace sluice::net::trunk {

void puller::on_life(source& from) {
  choice_.received(from.id(), steady::now());
}

void puller::on_hello(source& from, const hello& said) {
  if (!said.log || !said.from)
    return act_on(from, error{errc::malformed, "a hello from upstream without a log"});
  from.said = said;
  const auto& log = *said.log;
  choice_.hello(from.id(), {log.log_epoch, log.first, log.head, log.beat, log.orphaned_since != 0, log.path},
                steady::now());
  auto id = from.id();
  bool again = from.in_use && log.log_epoch > from.receiver.of();
  drive();
  if (!again || !links_.contains(id)) return;
  act_on(from, adopt(from, false));
  drive();
}

void puller::on_message(source& from, const message& m) {
  auto now = steady::now();
  auto id = from.id();
  bool leads = id == leader_;
  if (const auto* t = std::get_if<trunk::tick>(&m)) {
    choice_.tick(id, t->head, now);
  } else if (const auto* b = std::get_if<stream::beat>(&m)) {
    choice_.beat(id, b->number, b->made_ms, now);
    on_beat(from, *b);
  } else if (const auto* changed = std::get_if<path_change>(&m)) {
    choice_.path_changed(id, changed->path, now);
    act_on(from, from.receiver.set_path(stream_, changed->path, leads));
  } else if (const auto* left_out = std::get_if<gap>(&m)) {
    if (from.in_use) on_gap(from, *left_out);
  } else if (const auto* over = std::get_if<end>(&m)) {
    if (leads) end_reason_ = over->reason;
    choice_.ended(id, now);
  } else if (std::holds_alternative<searching>(m)) {
    choice_.searching(id, now);
  } else if (std::holds_alternative<not_here>(m)) {
    choice_.not_here(id, now);
    retire(id, true);
    ask_whether_live();
  } else if (std::holds_alternative<stale>(m) || std::holds_alternative<failure>(m)) {
    choice_.refused(id, now);
    retire(id, true);
  }
  drive();
}

/// The stream may have ended since the directory called it live: without a log nothing else would tell.
void puller::ask_whether_live() {
  if (!context_->options.relay && !stream_.log.current()) ask();
}

void puller::on_gap(source& from, const gap& left_out) {
  const auto* log = stream_.log.current();
  // What another link still brings need not be left out.
  if (log && left_out.to > log->head() && others_in_use(from)) {
    choice_.refused(from.id(), steady::now());
    return retire(from.id(), true);
  }
  act_on(from, from.receiver.skip(stream_, left_out));
}

void puller::on_beat(const source& from, const stream::beat& b) {
  const auto* log = stream_.log.current();
  if (!log || !from.in_use || from.receiver.of() != log->identity().log_epoch) return;
  // An upstream that was chosen just now repeats its newest beat, which may be an old one.
  if (log->last_beat() && b.number <= log->last_beat()->number) return;
  beat_at_ = steady::now();
  beat_unix_ms_ = unix_ms_now();
  from.receiver.set_beat(stream_, b);
}

void puller::on_bytes(source& from, byte_view bytes) {
  on_life(from);
  const auto* log = stream_.log.current();
  // Between the hellos of two links a newer epoch may have begun: this one's follows.
  if (!from.in_use || (log && from.receiver.of() < log->identity().log_epoch)) return;
  if (auto ok = from.receiver.bytes(stream_, bytes); !ok) return act_on(from, ok);
  if (note_delivery(from)) drive();
}

void puller::on_lost(source& from, const error& why) {
  log_.info("upstream lost", "stream", stream_.log.key().str(), "relay", from.relay(), "why", why.message);
  context_->prober->watch(from.entry(), stream_.log.key(), steady::now());
  choice_.closed(from.id(), steady::now());
  retire(from.id(), true);
  drive();
}

} // namespace sluice::net::trunk
