#include "stream/tag_scanner.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::stream {

void tag_scanner::restart(std::uint64_t offset) noexcept {
  offset_ = offset;
  start_.clear();
  seen_ = 0;
  probe_ = media::tag_header_size;
  has_header_ = classified_ = collecting_ = complete_ = false;
}

std::size_t tag_scanner::gather(byte_view piece, std::size_t target) {
  auto n = std::min(piece.size(), target - start_.size());
  start_.insert(start_.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
  seen_ += n;
  return n;
}

result<std::size_t> tag_scanner::step(byte_view piece) {
  std::size_t taken = 0;
  if (start_.size() < probe_) {
    taken = gather(piece, probe_);
    if (start_.size() < probe_) return taken;
  }
  if (!has_header_) {
    if (auto ok = read_header(); !ok) return ok.error();
    return taken;
  }
  if (!classified_) {
    if (auto ok = read_payload_start(); !ok) return ok.error();
    if (collecting_) return taken;
  }
  auto rest = std::min(piece.size() - taken, header_.total_size() - seen_);
  seen_ += rest;
  complete_ = seen_ == header_.total_size();
  return taken + rest;
}

result<void> tag_scanner::read_header() {
  auto header = media::parse_tag_header(std::span(start_).first<media::tag_header_size>(), max_tag_data_);
  if (!header)
    return error{header.error().code, fmt::format("{} (log offset {})", header.error().message, offset_)};
  header_ = *header;
  has_header_ = true;
  // Never less than what follows the header, so that a tag without data completes too.
  probe_ = media::tag_header_size + std::min<std::size_t>(header_.data_size, media::classify_bytes);
  return {};
}

result<void> tag_scanner::read_payload_start() {
  payload_ = media::classify(header_.type, byte_view(start_).subspan(media::tag_header_size));
  classified_ = true;
  if (!payload_.is_header()) return {};
  if (header_.total_size() > max_header_tag)
    return error{errc::too_large, fmt::format("a header tag of {} bytes; at most {} (log offset {})",
                                              header_.total_size(), max_header_tag, offset_)};
  collecting_ = true;
  probe_ = header_.total_size();
  return {};
}

} // namespace sluice::stream
