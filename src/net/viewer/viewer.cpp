#include "net/viewer/viewer.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace sluice::net {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

close_word close_word_for(stream::end_reason reason) noexcept {
  switch (reason) {
  case stream::end_reason::changed:
  case stream::end_reason::rollover:
    return {4001, "changed"};
  case stream::end_reason::origin_lost:
    return {4003, "origin_lost"};
  case stream::end_reason::stopped:
    return closed_shutdown;
  case stream::end_reason::ended:
  case stream::end_reason::none:
    break;
  }
  return {1000, "ended"};
}

viewer::viewer(std::shared_ptr<audience> log, stream::cursor_options options,
               std::shared_ptr<viewer_roster> roster)
    : log_(std::move(log)), cursor_(log_->view(), options), roster_(std::move(roster)),
      write_started_(steady_clock::now()), last_ping_(write_started_) {
  log_->viewers.fetch_add(1, std::memory_order_relaxed);
  roster_->add(*this);
}

viewer::~viewer() {
  log_->viewers.fetch_sub(1, std::memory_order_relaxed);
  roster_->remove(*this);
}

std::string viewer::log_header() const {
  return fmt::format("{};{};{}", log_->identity().log_epoch.value, cursor_.offset(),
                     cursor_.preface().size());
}

void viewer::start() {
  if (phase_ != phase::opening) return;
  preamble_ = cursor_.preface();
  cursor_.forget_preface();
  phase_ = phase::idle;
  pump();
}

// What waits in `preamble_` travels with the next bytes, or alone where there are none.
void viewer::pump() {
  if (phase_ != phase::idle) return;
  if (end_asked_) {
    phase_ = phase::closing;
    write_started_ = steady_clock::now();
    close(end_word_);
    return;
  }
  // What came while the last write went out waits for the next flush: else a full core would send most.
  if (preamble_.empty() && !log_->due(cursor_.offset())) return log_->wait(*this);
  auto step = cursor_.next(log_->view());
  auto& counters = log_->home().counters().viewers;
  switch (step.what) {
  case stream::cursor_step::kind::wait:
    if (!preamble_.empty()) return send({});
    if (auto why = log_->view().ended(); why != stream::end_reason::none) return on_log_end(why);
    return log_->wait(*this);
  case stream::cursor_step::kind::send:
    return send(step.bytes);
  case stream::cursor_step::kind::jump:
    counters.jumps.add();
    counters.skipped_bytes.add(step.skipped);
    preamble_.insert(preamble_.end(), step.preamble.begin(), step.preamble.end());
    return send(cursor_.next(log_->view()).bytes);
  case stream::cursor_step::kind::lost:
    counters.closed_slow.add();
    return finish(closed_too_slow);
  }
}

void viewer::on_log_end(stream::end_reason why) {
  if (why != stream::end_reason::changed) return finish(close_word_for(why));
  phase_ = phase::between;
  log_->find_successor([weak = weak_from_this()](const audience::found& newer) {
    if (auto self = weak.lock()) self->go_on_in(newer);
  });
}

void viewer::go_on_in(const audience::found& newer) {
  if (phase_ != phase::between) return;
  phase_ = phase::idle;
  auto newest_sent = log_->view().newest_timestamp();
  const auto* place = newer ? cursor_.place_in((*newer)->view(), newest_sent) : nullptr;
  if (!place) return finish(close_word_for(stream::end_reason::changed));
  auto& counters = log_->home().counters().viewers;
  counters.carried.add();
  counters.carry_gap_ms.add(place->timestamp - newest_sent);
  preamble_ = cursor_.move_to(*place);
  log_->viewers.fetch_sub(1, std::memory_order_relaxed);
  log_ = *newer;
  log_->viewers.fetch_add(1, std::memory_order_relaxed);
  pump();
}

// The usual case is one call of the kernel and nothing else: no handler, no wake-up, no memory.
void viewer::send(const stream::log_bytes& bytes) {
  phase_ = phase::writing;
  auto size = preamble_.size() + bytes.size();
  bool all = write({asio::buffer(preamble_), asio::buffer(bytes.parts[0].data(), bytes.parts[0].size()),
                    asio::buffer(bytes.parts[1].data(), bytes.parts[1].size())});
  if (all) return sent(size);
  if (phase_ != phase::writing) return;
  write_started_ = steady_clock::now();
  pins_ = log_->view().pins(bytes);
}

// A viewer with more to come lets the others have their turn first.
void viewer::sent(std::size_t bytes) {
  log_->home().counters().viewers.sent_bytes.add(bytes);
  if (!preamble_.empty()) byte_buffer().swap(preamble_);
  phase_ = phase::idle;
  if (!end_asked_ && !log_->due(cursor_.offset())) return log_->wait(*this);
  asio::post(log_->home().io(), [self = shared_from_this()] { self->pump(); });
}

void viewer::written(boost::system::error_code failed, std::size_t bytes) {
  pins_ = {};
  if (failed) return broken(failed);
  if (phase_ == phase::writing) sent(bytes);
}

void viewer::finish(close_word why) {
  if (end_asked_ || phase_ == phase::dead) return;
  end_asked_ = true;
  end_word_ = why;
  if (phase_ == phase::between) phase_ = phase::idle;
  if (is_linked()) unlink();
  pump();
}

void viewer::broken(boost::system::error_code why) {
  if (why == asio::error::timed_out && phase_ != phase::dead)
    log_->home().counters().viewers.closed_slow.add();
  dead();
}

void viewer::dead() {
  if (phase_ == phase::dead) return;
  phase_ = phase::dead;
  if (is_linked()) unlink();
  abort();
}

void viewer::check(steady_clock::time_point now) {
  auto limit =
      phase_ == phase::closing ? roster_->settings().close_deadline : roster_->settings().write_deadline;
  bool waits_for_peer = phase_ == phase::opening || phase_ == phase::writing || phase_ == phase::closing;
  if (waits_for_peer && now - write_started_ > limit) {
    if (phase_ != phase::closing) log_->home().counters().viewers.closed_slow.add();
    return dead();
  }
  if (phase_ != phase::closing && now - last_ping_ > roster_->settings().ping_interval) {
    last_ping_ = now;
    ping();
  }
}

void viewer_roster::start() {
  timer_.expires_after(options_.check_interval);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled || stopped_) return;
    auto now = steady_clock::now();
    // A viewer that dies moves the last one into its place, so walk from the end.
    for (auto i = viewers_.size(); i-- > 0;)
      if (i < viewers_.size()) viewers_[i]->shared_from_this()->check(now);
    start();
  });
}

void viewer_roster::stop(close_word why) {
  stopped_ = true;
  timer_.cancel();
  drain_timer_.cancel();
  finish_some(why, viewers_.size());
}

void viewer_roster::finish_some(close_word why, std::size_t most) {
  for (auto i = viewers_.size(); i-- > 0 && most > 0;) {
    if (i >= viewers_.size() || viewers_[i]->leaving()) continue;
    viewers_[i]->shared_from_this()->finish(why);
    --most;
  }
}

void viewer_roster::drain(close_word why, std::chrono::milliseconds within) {
  drain_step(why, steady_clock::now() + within);
}

void viewer_roster::drain_step(close_word why, steady_clock::time_point until) {
  constexpr auto interval = 100ms;
  constexpr std::size_t at_once = 50; // others take as many in a step without noticing
  auto staying = static_cast<std::size_t>(
      std::count_if(viewers_.begin(), viewers_.end(), [](const viewer* v) { return !v->leaving(); }));
  auto left = std::max<steady_clock::duration>(until - steady_clock::now(), 0ms);
  auto steps = static_cast<std::size_t>(left / interval) + 1;
  auto go = std::max(at_once, (staying + steps - 1) / steps);
  finish_some(why, go);
  if (staying > go) drain_timer_.after(interval, [this, why, until] { drain_step(why, until); });
}

void viewer_roster::add(viewer& v) {
  v.roster_index = viewers_.size();
  viewers_.push_back(&v);
  at_.counters().viewers.current.add();
  at_.counters().viewers.accepted.add();
}

void viewer_roster::remove(viewer& v) noexcept {
  viewers_.back()->roster_index = v.roster_index;
  viewers_[v.roster_index] = viewers_.back();
  viewers_.pop_back();
  at_.counters().viewers.current.sub();
}

} // namespace sluice::net
