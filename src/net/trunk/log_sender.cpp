#include "net/trunk/log_sender.hpp"

namespace sluice::net::trunk {

log_state describe(const audience& from, const stream_status& told) {
  const auto& view = from.view();
  log_state out;
  out.log_epoch = from.identity().log_epoch;
  out.present = from.identity().present;
  out.first = view.first();
  out.head = view.head();
  out.newest_timestamp = view.newest_timestamp();
  if (const auto* join = view.newest_join()) out.join = join->offset;
  if (view.last_beat()) out.beat = view.last_beat()->number;
  out.orphaned_since = told.orphaned_since;
  out.path = *view.path();
  out.headers = *view.headers_at_first();
  out.video = told.video;
  out.audio = told.audio;
  out.width = told.width;
  out.height = told.height;
  return out;
}

log_sender::log_sender(link_ptr to, std::shared_ptr<audience> of,
                       std::function<void(stream::end_reason)> ended)
    : to_(std::move(to)), of_(std::move(of)), ended_(std::move(ended)),
      counters_(of_->home().counters().trunk) {}

void log_sender::start(std::uint64_t from) {
  at_ = from;
  path_told_ = of_->view().path();
  on_news();
}

void log_sender::on_news() {
  of_->follow(*this);
  tell_changes();
  pump();
}

void log_sender::on_sent() {
  sending_ = false;
  pump();
}

void log_sender::tick() {
  bool told = std::chrono::steady_clock::now() - sent_at_ < tick_interval / 2;
  if (!told) to_->send(trunk::tick{of_->view().head()});
}

void log_sender::tell_changes() {
  const auto& view = of_->view();
  if (view.path() != path_told_) {
    path_told_ = view.path();
    tell(path_change{*path_told_});
  }
  const auto& beat = view.last_beat();
  if (beat && beat->number != beat_told_) {
    beat_told_ = beat->number;
    tell(*beat);
  }
}

// With the bytes that follow, where some do: a send costs more than what is in it.
void log_sender::tell(const message& m) {
  bool bytes_follow = !sending_ && ended_ && of_->ripe(at_) && at_ < of_->view().head();
  bytes_follow ? to_->send_with_next(m) : to_->send(m);
}

void log_sender::pump() {
  while (!sending_ && ended_) {
    const auto& view = of_->view();
    if (at_ < view.first()) {
      to_->send(gap{at_, view.first(), *view.headers_at_first()});
      at_ = view.first();
    }
    if (!of_->ripe(at_)) return;
    auto bytes = view.look(at_, max_piece);
    if (bytes.size() == 0) {
      if (view.ended() != stream::end_reason::none) std::exchange(ended_, nullptr)(view.ended());
      return;
    }
    at_ = bytes.end();
    sent_at_ = std::chrono::steady_clock::now();
    counters_.sent_bytes.add(bytes.size());
    sending_ = !to_->send(bytes, view);
  }
}

} // namespace sluice::net::trunk
