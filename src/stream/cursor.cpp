#include "stream/cursor.hpp"

#include <algorithm>

namespace sluice::stream {

cursor::cursor(const log_view& view, cursor_options options)
    : options_(options), preface_(stream::preface(view.present(), *view.newest_join()->in_force)),
      offset_(view.newest_join()->offset), tag_end_(offset_) {}

bool cursor::slow(const log_view& view) const {
  const auto* join = view.newest_join();
  if (join == nullptr || join->offset <= offset_) return false;
  if (offset_ < view.first()) return true;
  return view.newest_timestamp() - view.tag_at(offset_).timestamp > options_.max_lag_ms;
}

cursor_step cursor::next(const log_view& view) {
  bool at_boundary = offset_ == tag_end_;
  if (at_boundary && offset_ != view.head() && slow(view)) return jump(view);
  // A gap was accepted, say: the next join point is where this viewer goes on.
  if (at_boundary && offset_ < view.first()) return {};
  if (offset_ < view.first())
    return {.what = cursor_step::kind::lost, .bytes = {}, .preamble = {}, .skipped = 0};
  if (offset_ == view.head()) return {};
  cursor_step step;
  step.what = cursor_step::kind::send;
  step.bytes = cut(view);
  return step;
}

const join_point* cursor::place_in(const log_view& newer, std::uint32_t newest_sent) const {
  const auto& joins = newer.joins();
  if (joins.empty() || joins.front().timestamp <= newest_sent) return nullptr;
  auto in_time = std::find_if(joins.begin(), joins.end(), [&](const join_point& j) {
    return newer.newest_timestamp() - j.timestamp <= options_.max_lag_ms;
  });
  return in_time == joins.end() ? &joins.back() : &*in_time;
}

byte_buffer cursor::move_to(const join_point& place) {
  offset_ = tag_end_ = place.offset;
  return place.in_force->tags(place.timestamp);
}

log_bytes cursor::cut(const log_view& view) {
  auto bytes = view.look(offset_, options_.most);
  auto most_end = bytes.end();
  if (most_end < view.head() && tag_end_ <= most_end) {
    // Backlog: end at the last tag boundary that fits, or go into the first tag if that alone is too large.
    auto end = tag_end_;
    for (auto next = end; next <= most_end; next += view.tag_at(next).total_size()) {
      end = next;
      if (next == most_end) break;
    }
    if (end == offset_)
      tag_end_ = offset_ + view.tag_at(offset_).total_size();
    else {
      bytes = view.look(offset_, end - offset_);
      tag_end_ = end;
    }
  } else if (most_end == view.head()) {
    tag_end_ = most_end;
  }
  offset_ = bytes.end();
  return bytes;
}

cursor_step cursor::jump(const log_view& view) {
  const auto& join = *view.newest_join();
  cursor_step step;
  step.what = cursor_step::kind::jump;
  step.skipped = join.offset - offset_;
  if (join.in_force->since > offset_) step.preamble = join.in_force->tags(join.timestamp);
  offset_ = tag_end_ = join.offset;
  return step;
}

} // namespace sluice::stream
