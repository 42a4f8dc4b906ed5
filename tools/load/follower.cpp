#include "follower.hpp"

#include <algorithm>

namespace sluice::load {

namespace {

constexpr std::size_t start_kept = media::tag_header_size + mark_end;
constexpr std::uint64_t sum_seed = 14695981039346656037U, sum_prime = 1099511628211U; // FNV-1a

} // namespace

void follower::feed(byte_view bytes, std::uint64_t now_us) {
  while (!bytes.empty()) {
    auto used = step(bytes);
    bytes = bytes.subspan(used);
    if (tag_left_ == 0 && start_.size() >= media::tag_header_size) finish_tag(now_us);
  }
}

// Takes some bytes of one part: file header, tag header, or the rest of a tag.
std::size_t follower::step(byte_view bytes) {
  if (skip_ > 0) {
    auto n = std::min(skip_, bytes.size());
    skip_ -= n;
    return n;
  }
  if (start_.size() < media::tag_header_size) {
    start_.push_back(bytes[0]);
    if (start_.size() == media::tag_header_size) {
      tag_left_ = (std::size_t{start_[1]} << 16 | std::size_t{start_[2]} << 8 | start_[3]) +
                  media::previous_tag_size_size;
      sum_ = sum_seed;
    }
    return 1;
  }
  auto part = bytes.first(std::min(tag_left_, bytes.size()));
  for (auto byte : part)
    sum_ = (sum_ ^ byte) * sum_prime;
  auto keep = part.first(std::min(part.size(), start_kept - start_.size()));
  start_.insert(start_.end(), keep.begin(), keep.end());
  tag_left_ -= part.size();
  return part.size();
}

void follower::finish_tag(std::uint64_t now_us) {
  auto type = static_cast<media::tag_type>(start_[0]);
  if (type == media::tag_type::video) {
    if (auto mark = read_mark(byte_view(start_).subspan(media::tag_header_size))) on_picture(*mark, now_us);
  } else if (type != media::tag_type::audio && type != media::tag_type::script) {
    ++found_.wrong;
  }
  start_.clear();
}

void follower::on_picture(picture_mark mark, std::uint64_t now_us) {
  auto [known, first] = known_.try_emplace(mark.number, sum_);
  if (!first && known->second != sum_) ++found_.wrong;
  if (found_.counting) {
    ++found_.pictures;
    if (mark.number <= last_number_) ++found_.doubled;
    if (last_number_ > 0 && mark.number > last_number_ + 1) found_.lost += mark.number - last_number_ - 1;
    found_.age_ms.push_back(static_cast<float>(now_us - std::min(now_us, mark.sent_us)) / 1000);
  }
  last_number_ = mark.number;
  newest_sent_us_ = mark.sent_us;
}

} // namespace sluice::load
