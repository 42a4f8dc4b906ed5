#include "net/core/audience.hpp"

#include "net/core/prefetch.hpp"

namespace sluice::net {

audience::audience(worker& at, stream::log_identity identity, log_codecs codecs, search find_newer)
    : at_(at), identity_(std::move(identity)), codecs_(std::move(codecs)), find_newer_(std::move(find_newer)),
      view_(identity_.present), timer_(at.io()), ripe_timer_(at.io()) {}

void audience::refresh() {
  auto news = channel_->take();
  if (!news) return;
  bool picture = news->flush;
  view_.apply(std::move(*news));
  ripen(picture);
  if (viewers.load(std::memory_order_relaxed) == 0 && idle_.empty()) {
    flushed_head_ = view_.head();
    return;
  }
  auto now = timer::clock::now();
  bool over = view_.ended() != stream::end_reason::none;
  auto paced = over ? now : flushed_ + at_.pace().gap();
  flush_at(picture ? paced : std::max(paced, now + flush_after), now);
}

void audience::ripen(bool picture) {
  bool over = view_.ended() != stream::end_reason::none;
  if (picture || over || !identity_.present.video || followers_.empty())
    wake_followers();
  else if (!ripe_timer_.armed())
    ripe_timer_.after(flush_after, [this] { wake_followers(); });
}

void audience::wake_followers() {
  ripe_timer_.cancel();
  ripe_head_ = view_.head();
  woken_at_ = timer::clock::now();
  wake_all(followers_);
}

void audience::wake_all(reader_list& list) {
  reader_list woken;
  woken.splice(woken.end(), list);
  while (!woken.empty()) {
    auto& next = woken.front();
    woken.pop_front();
    // Out of many readers none is in the processor's cache. While this one sends comes what the next one
    // refers to, and the one behind it.
    if (!woken.empty()) {
      woken.front().prefetch();
      auto behind = std::next(woken.begin());
      if (behind != woken.end()) prefetch_lines<4>(&*behind);
    }
    next.on_news();
  }
}

// Never later than a flush that is due already.
void audience::flush_at(timer::clock::time_point due, timer::clock::time_point now) {
  if (due <= now)
    flush(now);
  else if (!timer_.armed() || timer_.due() > due)
    timer_.at(due, [this] { flush(timer::clock::now()); });
}

void audience::flush(timer::clock::time_point now) {
  timer_.cancel();
  flushed_ = now;
  flushed_head_ = view_.head();
  if (at_.pace().due(now)) at_.pace().sample(now, thread_cpu_time());
  wake_all(idle_);
}

void audience::find_successor(std::function<void(const found&)> done) {
  followed_by_.push_back(std::move(done));
  if (followed_by_.size() > 1) return;
  auto told = [weak = weak_from_this()](found next) {
    if (auto self = weak.lock()) self->tell_successor(std::move(next));
  };
  if (find_newer_) return find_newer_(std::move(told));
  at_.post([told] { told(error{errc::not_live, "this log has no successor"}); });
}

void audience::tell_successor(found next) {
  if (next) {
    const auto& newer = **next;
    bool goes_on = newer.identity_.log_epoch > identity_.log_epoch &&
                   newer.identity_.present == identity_.present && newer.codecs_ == codecs_;
    if (!goes_on)
      next = error{errc::not_live,
                   fmt::format("the newer log of {} has other tracks or codecs", identity_.key.str())};
  }
  for (auto& one : std::exchange(followed_by_, {}))
    one(next);
}

std::shared_ptr<audience> make_audience(worker& at, stream::log_identity identity, log_codecs codecs,
                                        audience::search find_newer) {
  auto owned = std::make_unique<audience>(at, std::move(identity), std::move(codecs), std::move(find_newer));
  auto* raw = owned.release();
  std::shared_ptr<audience> shared(raw, [&at](audience* last) {
    // Its timer and its readers' lists belong to the worker. The holder frees it even when the task never
    // runs.
    at.post([holder = std::shared_ptr<audience>(last)] {});
  });
  raw->channel_ = std::make_shared<stream::log_channel>([&at, weak = std::weak_ptr(shared)] {
    at.post([weak] {
      if (auto self = weak.lock()) self->refresh();
    });
  });
  return shared;
}

} // namespace sluice::net
