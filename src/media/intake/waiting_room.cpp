#include "media/intake/waiting_room.hpp"

#include <algorithm>

namespace sluice::media {

waiting_room::outcome waiting_room::take(const packet& tag) {
  if (tag.info.kind == payload_kind::metadata) {
    known_.metadata.assign(tag.data.begin(), tag.data.end());
    return outcome::taken;
  }
  if (tag.is_sequence_header()) return take_header(tag);
  if (tag.is_frame()) return take_frame(tag);
  return outcome::discarded;
}

waiting_room::outcome waiting_room::take_frame(const packet& tag) {
  if (known_[tag.which()].codec != tag.info.codec) {
    if (needs_sequence_header(tag.info.codec)) return outcome::without_header;
    start_track(tag);
    known_[tag.which()].header.clear();
  }
  append(tag);
  return outcome::taken;
}

waiting_room::outcome waiting_room::take_header(const packet& tag) {
  auto& known = known_[tag.which()];
  if (known.codec != tag.info.codec)
    start_track(tag);
  else if (holds(tag.type)) {
    append(tag);
    return outcome::taken;
  }
  known.header.assign(tag.data.begin(), tag.data.end());
  return outcome::taken;
}

void waiting_room::start_track(const packet& tag) {
  auto gone = std::remove_if(held_.begin(), held_.end(),
                             [&](const held_packet& held) { return held.view().type == tag.type; });
  for (auto it = gone; it != held_.end(); ++it)
    ++replaced_;
  held_.erase(gone, held_.end());
  bytes_ = 0;
  for (const auto& held : held_)
    bytes_ += held.cost();
  known_[tag.which()].codec = tag.info.codec;
  if (!known_since_) known_since_ = tag.arrived;
}

bool waiting_room::holds(tag_type type) const noexcept {
  return std::any_of(held_.begin(), held_.end(),
                     [type](const held_packet& held) { return held.view().type == type; });
}

void waiting_room::append(const packet& tag) {
  held_.emplace_back(tag);
  bytes_ += held_.back().cost();
}

void waiting_room::pop_front() noexcept {
  bytes_ -= held_.front().cost();
  held_.pop_front();
}

void waiting_room::forget_tracks() noexcept {
  known_ = {};
  known_since_.reset();
}

std::optional<std::uint32_t> waiting_room::lowest_timestamp() const noexcept {
  std::optional<std::uint32_t> first;
  std::int32_t lowest = 0;
  for (const auto& held : held_) {
    auto tag = held.view();
    if (!tag.is_frame()) continue;
    if (!first) first = tag.timestamp;
    auto step = static_cast<std::int32_t>(tag.timestamp - *first);
    if (step >= -max_forward_ms) lowest = std::min(lowest, step);
  }
  if (!first) return std::nullopt;
  return *first + static_cast<std::uint32_t>(lowest);
}

} // namespace sluice::media
