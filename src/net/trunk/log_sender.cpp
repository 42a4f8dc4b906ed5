#include "net/trunk/log_sender.hpp"

#include "net/core/prefetch.hpp"

namespace sluice::net::trunk {

namespace {

// All links of a thread tell the same beat, one after the other.
const std::string& text_of(const stream::beat& b) {
  thread_local stream::beat last;
  thread_local std::string text;
  if (text.empty() || b != last) {
    text = encode(b).value();
    last = b;
  }
  return text;
}

} // namespace

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
    : to_(std::move(to)), sends_through_(to_->sends_through()), of_(std::move(of)), ended_(std::move(ended)),
      counters_(of_->home().counters().trunk) {}

void log_sender::start(std::uint64_t from) {
  at_ = from;
  path_told_ = of_->view().path();
  on_news();
}

void log_sender::on_news() {
  of_->follow(*this);
  tell_path();
  auto beat = new_beat();
  bool bytes_follow = !sending_ && ended_ && of_->ripe(at_) && at_ < of_->view().head();
  if (!beat.empty() && !bytes_follow) to_->send(std::exchange(beat, {}));
  pump(beat);
}

void log_sender::prefetch() const noexcept {
  prefetch_lines<2>(to_.get());
  prefetch_lines<1>(sends_through_);
}

void log_sender::on_sent() {
  sending_ = false;
  pump();
}

bool log_sender::told_lately() const {
  return std::chrono::steady_clock::now() - sent_at_ < tick_interval / 2;
}

void log_sender::tick() {
  if (!told_lately()) to_->send(trunk::tick{of_->view().head()});
}

void log_sender::tell_path() {
  const auto& path = of_->view().path();
  if (path == path_told_) return;
  path_told_ = path;
  to_->send(path_change{*path});
}

// The text of a beat that was not told yet, else nothing.
std::string_view log_sender::new_beat() {
  const auto& beat = of_->view().last_beat();
  if (!beat || beat->number == beat_told_) return {};
  beat_told_ = beat->number;
  return text_of(*beat);
}

// The beat goes with the first bytes: a send costs more than what is in it.
void log_sender::pump(std::string_view beat) {
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
    sent_at_ = of_->woken_at();
    counters_.sent_bytes.add(bytes.size());
    sending_ = !to_->send(std::exchange(beat, {}), bytes, view);
  }
}

} // namespace sluice::net::trunk
