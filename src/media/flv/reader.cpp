#include "media/flv/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::media {

namespace {
constexpr std::size_t file_header_alone = file_header_size - previous_tag_size_size;
// A buffer grown beyond this by a large tag is given back after it.
constexpr std::size_t kept_capacity = 256 * 1024;
} // namespace

std::size_t flv_reader::part_size() const noexcept {
  switch (part_) {
  case part::file_header:
    return file_header_alone;
  case part::previous_size:
    return previous_tag_size_size;
  case part::header:
    return tag_header_size;
  case part::data:
    break;
  }
  return tag_.data_size;
}

bool flv_reader::at_tag_boundary() const noexcept {
  return !failed_ && kept_.empty() && (part_ == part::header || part_ == part::previous_size);
}

// The whole current part, out of `bytes` where it lies whole in them; nothing while bytes are missing.
std::optional<byte_view> flv_reader::next_part(byte_view& bytes) {
  auto size = part_size();
  if (kept_.empty() && bytes.size() >= size) {
    auto whole = bytes.first(size);
    bytes = bytes.subspan(size);
    return whole;
  }
  auto more = bytes.first(std::min(bytes.size(), size - kept_.size()));
  kept_.insert(kept_.end(), more.begin(), more.end());
  bytes = bytes.subspan(more.size());
  if (kept_.size() < size) return std::nullopt;
  return byte_view(kept_);
}

void flv_reader::read_previous_size(byte_view bytes) {
  if (byte_reader(bytes).u32() != expected_previous_size_) ++wrong_previous_sizes_;
}

result<void> flv_reader::read_part(byte_view bytes, flv_handler& handler) {
  switch (part_) {
  case part::file_header: {
    auto flags = parse_file_header(bytes.first<file_header_alone>());
    if (!flags) return flags.error();
    part_ = part::previous_size;
    return handler.on_file_header(*flags);
  }
  case part::previous_size:
    read_previous_size(bytes);
    part_ = part::header;
    return {};
  case part::header: {
    auto header = parse_tag_header(bytes.first<tag_header_size>(), max_tag_data_);
    if (!header) return header.error();
    tag_ = *header;
    part_ = part::data;
    return {};
  }
  case part::data:
    break;
  }
  expected_previous_size_ = static_cast<std::uint32_t>(tag_header_size + tag_.data_size);
  part_ = part::previous_size;
  return handler.on_tag(tag_.type, tag_.timestamp, bytes);
}

result<void> flv_reader::feed(byte_view bytes, flv_handler& handler) {
  if (failed_) return *failed_;
  while (auto whole = next_part(bytes)) {
    auto size = whole->size();
    if (auto done = read_part(*whole, handler); !done) {
      failed_ = done.error();
      failed_->message += fmt::format(" (byte {} of the file)", offset_);
      byte_buffer().swap(kept_);
      return *failed_;
    }
    offset_ += size;
    kept_.clear();
    if (kept_.capacity() > kept_capacity) byte_buffer().swap(kept_);
  }
  return {};
}

} // namespace sluice::media
