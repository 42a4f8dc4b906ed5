#include "stream/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::stream {

namespace {

constexpr std::array<std::pair<end_reason, std::string_view>, 6> reason_names{{
    {end_reason::none, "none"},
    {end_reason::ended, "ended"},
    {end_reason::changed, "changed"},
    {end_reason::rollover, "rollover"},
    {end_reason::origin_lost, "origin_lost"},
    {end_reason::stopped, "stopped"},
}};

// Audio-only streams could be joined at every tag; one in this many ms is enough and keeps the index small.
constexpr std::uint32_t audio_join_interval_ms = 500;

} // namespace

std::string_view name(end_reason reason) noexcept {
  return reason_names[static_cast<std::size_t>(reason)].second;
}

end_reason parse_end_reason(std::string_view word) noexcept {
  for (auto [reason, text] : reason_names)
    if (text == word && reason != end_reason::none) return reason;
  return end_reason::ended;
}

log::log(log_identity identity, log_options options, std::uint64_t first, headers_ptr in_force)
    : identity_(std::move(identity)), options_(options), scanner_(first, options.max_tag_data),
      in_force_(in_force ? std::move(in_force) : std::make_shared<const headers>()), head_(first),
      written_(first) {
  boundaries_.push_back({{first, 0, in_force_}, false});
}

const join_point* log::newest_join() const noexcept {
  auto it = std::find_if(boundaries_.rbegin(), boundaries_.rend(), [](const boundary& b) { return b.join; });
  return it == boundaries_.rend() ? nullptr : &it->point;
}

std::span<std::uint8_t> log::tail() {
  if (segments_.empty() || segments_.back()->end() == written_)
    segments_.push_back(std::make_shared<segment>(written_, options_.segment_size));
  return segments_.back()->room(written_);
}

result<void> log::commit(std::size_t n) {
  auto old_head = head_;
  log_delta news;
  auto piece = segments_.back()->view(written_, written_ + n);
  written_ += n;
  auto scanned = scanner_.scan(piece, [&](const scanned_tag& tag) { on_tag(tag, news); });
  if (head_ != old_head) {
    collect_segments(old_head, news);
    retain(news);
    tell(std::move(news));
  }
  if (!scanned) discard_uncommitted();
  return scanned;
}

result<void> log::append(byte_view tags) {
  while (!tags.empty()) {
    auto room = tail();
    auto n = std::min(room.size(), tags.size());
    std::copy_n(tags.begin(), n, room.begin());
    if (auto ok = commit(n); !ok) return ok;
    tags = tags.subspan(n);
  }
  return {};
}

void log::discard_uncommitted() {
  written_ = head_;
  scanner_.restart(head_);
  while (!segments_.empty() && segments_.back()->base() >= head_)
    segments_.pop_back();
}

void log::skip_to(std::uint64_t from, headers_ptr in_force) {
  segments_.clear();
  boundaries_.clear();
  in_force_ = std::move(in_force);
  boundaries_.push_back({{from, newest_timestamp_, in_force_}, false});
  head_ = written_ = from;
  scanner_.restart(from);
  log_delta news;
  news.restarted = true;
  news.flush = true;
  tell(std::move(news));
}

bool log::is_join(const scanned_tag& tag) const noexcept {
  if (identity_.present.video) return tag.payload.kind == media::payload_kind::video_key;
  if (tag.payload.kind != media::payload_kind::audio_frame) return false;
  const auto* last = newest_join();
  return last == nullptr || tag.header.timestamp - last->timestamp >= audio_join_interval_ms;
}

void log::on_tag(const scanned_tag& tag, log_delta& news) {
  if (tag.payload.is_header()) in_force_ = std::make_shared<const headers>(in_force_->with(tag));
  bool join = is_join(tag);
  note_boundary(tag, join);
  if (join) news.joins.push_back(boundaries_.back().point);
  head_ = tag.end();
  newest_timestamp_ = std::max(newest_timestamp_, tag.header.timestamp);
  news.flush |= tag.header.type == media::tag_type::video;
}

void log::note_boundary(const scanned_tag& tag, bool join) {
  auto& last = boundaries_.back();
  if (last.point.offset == tag.offset) {
    last = {{tag.offset, tag.header.timestamp, in_force_}, join};
    return;
  }
  if (join || tag.offset / options_.segment_size != last.point.offset / options_.segment_size)
    boundaries_.push_back({{tag.offset, tag.header.timestamp, in_force_}, join});
}

void log::retain(log_delta& news) {
  auto droppable = [&] {
    if (boundaries_.size() < 2) return false;
    const auto& next = boundaries_[1].point;
    if (head_ - first() > options_.retain_bytes) return true;
    // The part that stays must hold a join point and cover the retention time.
    const auto* join = newest_join();
    return join != nullptr && next.offset <= join->offset &&
           newest_timestamp_ - next.timestamp >= options_.retain_time.count() &&
           newest_timestamp_ > next.timestamp;
  };
  while (droppable())
    boundaries_.pop_front();
  while (!segments_.empty() && segments_.front()->end() <= first())
    segments_.pop_front();
  std::erase_if(news.joins, [this](const join_point& j) { return j.offset < first(); });
}

void log::collect_segments(std::uint64_t old_head, log_delta& news) const {
  for (const auto& s : segments_)
    if (s->base() < head_ && s->base() >= old_head) news.segments.push_back(s);
}

void log::set_beat(const beat& b) {
  beat_ = b;
  log_delta news;
  news.last_beat = b;
  tell(std::move(news));
}

void log::set_path(std::vector<node_id> path) {
  path_ = std::make_shared<const std::vector<node_id>>(std::move(path));
  tell({});
}

void log::end(end_reason reason) {
  if (end_ != end_reason::none) return;
  end_ = reason;
  log_delta news;
  news.end = reason;
  news.flush = true;
  tell(std::move(news));
}

void log::fill_state(log_delta& news) const {
  news.first = first();
  news.headers_at_first = headers_at_first();
  news.head = head_;
  news.newest_timestamp = newest_timestamp_;
  news.path = path_;
}

void log::tell(log_delta news) {
  fill_state(news);
  std::erase_if(channels_, [&](const auto& weak) {
    auto channel = weak.lock();
    if (channel) channel->push(news);
    return !channel;
  });
}

void log::subscribe(std::weak_ptr<log_channel> weak) {
  auto channel = weak.lock();
  if (!channel) return;
  log_delta all;
  fill_state(all);
  all.last_beat = beat_;
  all.end = end_;
  all.flush = true;
  collect_segments(0, all);
  for (const auto& b : boundaries_)
    if (b.join) all.joins.push_back(b.point);
  channel->push(all);
  channels_.push_back(std::move(weak));
}

bool log::has_readers() {
  std::erase_if(channels_, [](const auto& weak) { return weak.expired(); });
  return !channels_.empty();
}

} // namespace sluice::stream
