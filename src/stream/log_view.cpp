#include "stream/log_view.hpp"

#include <algorithm>

namespace sluice::stream {

void log_view::apply(log_delta news) {
  if (news.restarted) {
    segments_.clear();
    joins_.clear();
  }
  segments_.insert(segments_.end(), news.segments.begin(), news.segments.end());
  joins_.insert(joins_.end(), news.joins.begin(), news.joins.end());
  first_ = news.first;
  headers_at_first_ = std::move(news.headers_at_first);
  path_ = std::move(news.path);
  head_ = news.head;
  newest_timestamp_ = news.newest_timestamp;
  if (news.last_beat) beat_ = std::move(news.last_beat);
  if (news.end != end_reason::none) end_ = news.end;
  while (!segments_.empty() && segments_.front()->end() <= first_)
    segments_.pop_front();
  while (!joins_.empty() && joins_.front().offset < first_)
    joins_.pop_front();
}

std::size_t log_view::index_of(std::uint64_t offset) const {
  // Nearly all readers are near head.
  if (offset >= segments_.back()->base()) return segments_.size() - 1;
  auto behind = std::upper_bound(segments_.begin(), segments_.end(), offset,
                                 [](std::uint64_t at, const auto& s) { return at < s->base(); });
  return static_cast<std::size_t>(behind - segments_.begin()) - 1;
}

log_bytes log_view::look(std::uint64_t offset, std::size_t most) const {
  log_bytes out;
  out.from = offset;
  auto to = std::min<std::uint64_t>(head_, offset + most);
  if (offset >= to) return out;
  auto at = index_of(offset);
  for (std::size_t part = 0; part < out.parts.size() && offset < to; ++part, ++at) {
    const auto& s = *segments_[at];
    auto end = std::min(to, s.end());
    out.parts[part] = s.view(offset, end);
    offset = end;
  }
  return out;
}

segment_pins log_view::pins(const log_bytes& bytes) const {
  segment_pins out;
  if (bytes.size() == 0) return out;
  auto at = index_of(bytes.from);
  for (std::size_t part = 0; part < out.size() && !bytes.parts[part].empty(); ++part)
    out[part] = segments_[at + part];
  return out;
}

piece log_view::read(std::uint64_t offset, std::size_t most) const {
  auto bytes = look(offset, most);
  return {bytes, pins(bytes)};
}

media::tag_header log_view::tag_at(std::uint64_t offset) const {
  std::array<std::uint8_t, media::tag_header_size> bytes{};
  auto found = look(offset, bytes.size());
  auto behind = std::copy(found.parts[0].begin(), found.parts[0].end(), bytes.begin());
  std::copy(found.parts[1].begin(), found.parts[1].end(), behind);
  // The writer checked every tag below head when it moved head over it.
  return media::parse_tag_header(bytes, media::max_tag_data).value();
}

} // namespace sluice::stream
