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
  bool again = from.id() == current_;
  drive();
  if (again && from.id() == current_ && log.log_epoch > receiver_.of()) act_on(from, adopt(from, false));
}

void puller::on_message(source& from, const message& m) {
  auto now = steady::now();
  auto id = from.id();
  bool feeds = id == current_;
  if (const auto* t = std::get_if<trunk::tick>(&m)) {
    choice_.tick(id, t->head, now);
  } else if (const auto* b = std::get_if<stream::beat>(&m)) {
    choice_.beat(id, b->number, now);
    if (feeds) on_beat(*b);
  } else if (const auto* changed = std::get_if<path_change>(&m)) {
    act_on(from, receiver_.set_path(stream_, changed->path, feeds));
  } else if (const auto* left_out = std::get_if<gap>(&m)) {
    if (feeds) act_on(from, receiver_.skip(stream_, *left_out));
  } else if (const auto* over = std::get_if<end>(&m)) {
    if (feeds) end_reason_ = over->reason;
    choice_.ended(id, now);
  } else if (std::holds_alternative<searching>(m)) {
    choice_.searching(id, now);
  } else if (std::holds_alternative<not_here>(m)) {
    choice_.not_here(id, now);
    retire(id, true);
  } else if (std::holds_alternative<stale>(m) || std::holds_alternative<failure>(m)) {
    choice_.refused(id, now);
    retire(id, true);
  }
  drive();
}

void puller::on_beat(const stream::beat& b) {
  const auto* log = stream_.log.current();
  // An upstream that was chosen just now repeats its newest beat, which may be an old one.
  if (!log || (log->last_beat() && b.number <= log->last_beat()->number)) return;
  beat_at_ = steady::now();
  beat_unix_ms_ = unix_ms_now();
  receiver_.set_beat(stream_, b);
}

void puller::on_bytes(source& from, byte_view bytes) {
  on_life(from);
  if (from.id() != current_) return;
  act_on(from, receiver_.bytes(stream_, bytes));
}

void puller::on_lost(source& from, const error& why) {
  log_.info("upstream lost", "stream", stream_.log.key().str(), "relay", from.relay(), "why", why.message);
  choice_.closed(from.id(), steady::now());
  retire(from.id(), true);
  drive();
}

} // namespace sluice::net::trunk
