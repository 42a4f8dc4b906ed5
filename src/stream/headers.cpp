#include "stream/headers.hpp"

namespace sluice::stream {

headers headers::with(const scanned_tag& tag) const {
  headers next = *this;
  auto& slot = tag.payload.kind == media::payload_kind::metadata       ? next.metadata
               : tag.payload.kind == media::payload_kind::video_header ? next.video
                                                                       : next.audio;
  slot.assign(tag.whole.begin(), tag.whole.end());
  media::set_tag_timestamp(std::span(slot).first<media::tag_header_size>(), 0);
  next.since = tag.end();
  return next;
}

byte_buffer headers::tags(std::uint32_t timestamp) const {
  byte_buffer out;
  for (const auto* tag : {&metadata, &video, &audio}) {
    if (tag->empty()) continue;
    auto at = out.size();
    out.insert(out.end(), tag->begin(), tag->end());
    media::set_tag_timestamp(std::span(out).subspan(at).first<media::tag_header_size>(), timestamp);
  }
  return out;
}

byte_buffer preface(tracks present, const headers& in_force) {
  auto start = media::file_header(present.audio, present.video);
  byte_buffer out(start.begin(), start.end());
  byte_writer(out).bytes(in_force.tags(0));
  return out;
}

} // namespace sluice::stream
