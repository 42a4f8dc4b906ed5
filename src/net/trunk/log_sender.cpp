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
  to_->send(trunk::tick{of_->view().head()});
}

void log_sender::tell_changes() {
  const auto& view = of_->view();
  if (view.path() != path_told_) {
    path_told_ = view.path();
    to_->send(path_change{*path_told_});
  }
  const auto& beat = view.last_beat();
  if (beat && beat->number != beat_told_) {
    beat_told_ = beat->number;
    to_->send(*beat);
  }
}

void log_sender::pump() {
  if (sending_ || !ended_) return;
  const auto& view = of_->view();
  if (at_ < view.first()) {
    to_->send(gap{at_, view.first(), *view.headers_at_first()});
    at_ = view.first();
  }
  if (!of_->ripe(at_)) return;
  if (auto piece = view.read(at_, max_piece); piece.size() > 0) {
    at_ = piece.end();
    sending_ = true;
    counters_.sent_bytes.add(piece.size());
    return to_->send(std::move(piece));
  }
  if (view.ended() != stream::end_reason::none) std::exchange(ended_, nullptr)(view.ended());
}

} // namespace sluice::net::trunk
