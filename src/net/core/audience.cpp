#include "net/core/audience.hpp"

namespace sluice::net {

audience::audience(worker& at, stream::log_identity identity)
    : at_(at), identity_(std::move(identity)), view_(identity_.present), timer_(at.io()) {}

void audience::refresh() {
  auto news = channel_->take();
  if (!news) return;
  bool now = news->flush;
  view_.apply(std::move(*news));
  wake_all(followers_);
  if (now)
    flush();
  else if (!idle_.empty())
    flush_later();
}

void audience::wake_all(reader_list& list) {
  reader_list woken;
  woken.splice(woken.end(), list);
  while (!woken.empty()) {
    auto& next = woken.front();
    woken.pop_front();
    next.on_news();
  }
}

void audience::flush() {
  timer_.cancel();
  wake_all(idle_);
}

void audience::flush_later() {
  if (!timer_.armed()) timer_.after(flush_after, [this] { wake_all(idle_); });
}

std::shared_ptr<audience> make_audience(worker& at, stream::log_identity identity) {
  auto owned = std::make_unique<audience>(at, std::move(identity));
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
