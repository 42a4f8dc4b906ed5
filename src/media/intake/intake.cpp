#include "media/intake/intake.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::media {

namespace {

// An output buffer grown beyond this by a large tag is given back after it.
constexpr std::size_t kept_capacity = 1024 * 1024;

bool same_bytes(byte_view a, byte_view b) noexcept {
  return std::ranges::equal(a, b);
}

result<void> check_header(const packet& tag) {
  bool header = tag.info.kind == payload_kind::metadata || tag.is_sequence_header();
  if (!header || tag.data.size() <= max_header_data) return {};
  return error{errc::too_large, fmt::format("{}: {} bytes; at most {}",
                                            tag.type == tag_type::script ? "metadata" : "sequence header",
                                            tag.data.size(), max_header_data)};
}

} // namespace

intake::intake(const intake_options& options, std::uint32_t first_timestamp)
    : options_(options), timeline_(first_timestamp) {}

result<intake_verdict> intake::push(tag_type type, std::uint32_t timestamp, byte_view data, time_point now) {
  if (data.size() > options_.max_tag_data) {
    ++counters_.refused;
    return error{errc::too_large,
                 fmt::format("tag: {} bytes of data; at most {}", data.size(), options_.max_tag_data)};
  }
  auto tag = read_packet(type, data, scratch_);
  if (!tag) {
    ++counters_.refused;
    return tag.error();
  }
  if (auto ok = check_header(*tag); !ok) {
    ++counters_.refused;
    return ok.error();
  }
  tag->timestamp = timestamp;
  tag->arrived = now;
  accept(*tag);
  return verdict_;
}

void intake::accept(const packet& tag) {
  if (verdict_ != intake_verdict::ok) return keep_for_successor(tag);
  if (!holding_) {
    verdict_ = write(tag);
    if (verdict_ != intake_verdict::ok) keep_for_successor(tag);
    return;
  }
  switch (room_.take(tag)) {
  case waiting_room::outcome::taken:
    break;
  case waiting_room::outcome::without_header:
    ++counters_.without_header;
    break;
  case waiting_room::outcome::discarded:
    ++counters_.discarded;
    break;
  }
  decide_if_due(tag.arrived);
}

void intake::keep_for_successor(const packet& tag) {
  if (room_.bytes() > options_.max_held)
    ++counters_.discarded;
  else
    room_.append(tag);
}

std::optional<intake::time_point> intake::deadline() const noexcept {
  if (!holding_ || verdict_ != intake_verdict::ok || !room_.known_since()) return std::nullopt;
  return *room_.known_since() + options_.decide_after;
}

bool intake::decision_due(time_point now) const noexcept {
  auto limit = deadline();
  return limit && (room_.known().both_tracks() || now >= *limit || room_.bytes() > options_.max_held);
}

void intake::decide_if_due(time_point now) {
  if (decision_due(now)) decide();
}

intake_verdict intake::tick(time_point now) {
  decide_if_due(now);
  return verdict_;
}

void intake::decide() {
  if (log_.any_track() && !log_.same_codecs(room_.known())) {
    verdict_ = intake_verdict::changed;
    return;
  }
  if (auto lowest = room_.lowest_timestamp()) timeline_.begin(*lowest, room_.front().arrived);
  write_headers(room_.known());
  room_.forget_tracks();
  holding_ = false;
  write_held();
}

// Metadata, video, audio: the order players expect.
void intake::write_headers(const source& next) {
  if (!next.metadata.empty()) write_metadata(next.metadata);
  for (auto which : {track::video, track::audio}) {
    auto& in_force = log_[which];
    in_force.codec = next[which].codec;
    if (next[which].header.empty() || next[which].header == in_force.header) continue;
    in_force.header = next[which].header;
    append(which == track::video ? tag_type::video : tag_type::audio, timeline_.of_header(which),
           in_force.header);
  }
}

void intake::write_held() {
  while (!room_.empty()) {
    verdict_ = write(room_.front());
    if (verdict_ != intake_verdict::ok) return;
    room_.pop_front();
  }
}

intake_verdict intake::write(const packet& tag) {
  if (tag.is_frame()) return write_frame(tag);
  if (tag.is_sequence_header()) return write_sequence_header(tag);
  if (tag.info.kind == payload_kind::metadata)
    write_metadata(tag.data);
  else if (tag.type == tag_type::script)
    append(tag.type, timeline_.newest(), tag.data);
  else
    ++counters_.discarded; // command frames, ends of sequences, video metadata: players stumble over them
  return intake_verdict::ok;
}

intake_verdict intake::write_frame(const packet& tag) {
  if (log_[tag.which()].codec != tag.info.codec) {
    if (!needs_sequence_header(tag.info.codec)) return intake_verdict::changed;
    ++counters_.without_header;
    return intake_verdict::ok;
  }
  auto at = timeline_.place(tag.which(), tag.timestamp, tag.arrived);
  if (!at) return intake_verdict::rollover;
  append(tag.type, *at, tag.data);
  return intake_verdict::ok;
}

intake_verdict intake::write_sequence_header(const packet& tag) {
  auto& in_force = log_[tag.which()];
  if (in_force.codec != tag.info.codec) return intake_verdict::changed;
  if (same_bytes(in_force.header, tag.data)) {
    ++counters_.repeated;
    return intake_verdict::ok;
  }
  in_force.header.assign(tag.data.begin(), tag.data.end());
  append(tag.type, timeline_.of_header(tag.which()), tag.data);
  return intake_verdict::ok;
}

void intake::write_metadata(byte_view data) {
  if (same_bytes(log_.metadata, data)) {
    ++counters_.repeated;
    return;
  }
  log_.metadata.assign(data.begin(), data.end());
  append(tag_type::script, timeline_.newest(), data);
}

void intake::append(tag_type type, std::uint32_t timestamp, byte_view data) {
  auto before = output_.size();
  append_tag(output_, type, timestamp, data);
  bytes_ += output_.size() - before;
  ++tags_;
}

void intake::clear_output() noexcept {
  output_.clear();
  if (output_.capacity() > kept_capacity) byte_buffer().swap(output_);
}

void intake::publisher_left() {
  counters_.discarded += room_.size() + room_.replaced();
  room_ = {};
  holding_ = true;
  timeline_.interrupt();
}

intake intake::successor(std::uint32_t first_timestamp) {
  intake next(options_, first_timestamp);
  auto since = room_.known_since();
  if (!since && !room_.empty()) since = room_.front().arrived;
  next.room_.expect(holding_ ? room_.known() : log_, since);
  for (; !room_.empty(); room_.pop_front())
    next.accept(room_.front());
  if (since) next.decide_if_due(*since);
  return next;
}

intake_summary intake::summary() const {
  intake_summary all;
  all.audio_codec = fourcc_text(codec(track::audio));
  all.video_codec = fourcc_text(codec(track::video));
  all.picture = read_picture_hints(log_.metadata);
  all.bytes = bytes_;
  all.tags = tags_;
  all.counters = counters_;
  all.counters.discarded += room_.replaced();
  all.counters.discontinuities = timeline_.discontinuities();
  all.counters.clamped = timeline_.clamped();
  return all;
}

} // namespace sluice::media
