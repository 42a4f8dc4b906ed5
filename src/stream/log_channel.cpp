#include "stream/log_channel.hpp"

#include <utility>

namespace sluice::stream {

namespace {

template <class T>
void add(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void merge(log_delta& older, const log_delta& newer) {
  if (newer.restarted) {
    older.restarted = true;
    older.segments.clear();
    older.joins.clear();
  }
  add(older.segments, newer.segments);
  add(older.joins, newer.joins);
  older.first = newer.first;
  older.headers_at_first = newer.headers_at_first;
  older.path = newer.path;
  older.head = newer.head;
  older.newest_timestamp = newer.newest_timestamp;
  older.flush |= newer.flush;
  if (newer.last_beat) older.last_beat = newer.last_beat;
  if (newer.end != end_reason::none) older.end = newer.end;
}

// A reader's thread that stands still must not hold what the log itself has let go.
void drop_below(log_delta& news, std::uint64_t first) {
  std::erase_if(news.segments, [first](const auto& s) { return s->end() <= first; });
  std::erase_if(news.joins, [first](const auto& j) { return j.offset < first; });
}

} // namespace

void log_channel::push(const log_delta& news) {
  {
    std::lock_guard lock(mutex_);
    if (waiting_) {
      merge(*waiting_, news);
      drop_below(*waiting_, news.first);
      return;
    }
    waiting_ = news;
  }
  wake_();
}

std::optional<log_delta> log_channel::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(waiting_, std::nullopt);
}

} // namespace sluice::stream
