#include "media/rtmp/chunk_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::media::rtmp {

namespace {

/// Bytes of the message header by format, section 5.3.1.2.
constexpr std::array<std::size_t, 4> message_header_size{11, 7, 3, 0};

/// Memory of at most this size is used again for any message, more only for one that long.
constexpr std::size_t small_buffer = 64 * 1024;

/// Whether `bytes` start with `value` as 32 bits, or, being shorter, with its first bytes.
bool starts_with(byte_view bytes, std::uint32_t value) noexcept {
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 4); ++i)
    if (bytes[i] != static_cast<std::uint8_t>(value >> (24 - 8 * i))) return false;
  return true;
}

} // namespace

result<std::optional<message>> chunk_reader::next(byte_view& in) {
  release_last();
  for (;;) {
    if (again_left_ > 0) {
      auto piece = byte_view(again_).last(std::exchange(again_left_, 0));
      auto m = read(piece);
      again_left_ = piece.size();
      if (!m || *m) return m;
      continue;
    }
    auto m = read(in);
    if (!m || *m || again_left_ == 0) return m;
  }
}

/// As `next`; ends early with nothing when bytes are to be read again.
result<std::optional<message>> chunk_reader::read(byte_view& in) {
  for (;;) {
    if (!current_) {
      auto complete = read_header(in);
      if (!complete) return complete.error();
      if (!*complete || again_left_ > 0) return std::nullopt;
    }
    auto m = read_payload(in);
    if (!m) return m.error();
    if (!*m) {
      if (in.empty()) return std::nullopt;
      continue;
    }
    auto obeyed = obey(**m);
    if (!obeyed) return obeyed.error();
    if (!*obeyed) return m;
    release_last();
  }
}

/// Whether a header is complete and its chunk begun. Bytes of an incomplete one are kept.
result<bool> chunk_reader::read_header(byte_view& in) {
  auto kept = pending_size_;
  auto bytes = in;
  if (kept > 0) {
    auto added = std::min(max_header - kept, in.size());
    std::copy_n(in.begin(), added, pending_.begin() + static_cast<std::ptrdiff_t>(kept));
    bytes = byte_view(pending_).first(kept + added);
  }
  auto header = parse_header(bytes);
  if (!header) return header.error();
  if (!*header) {
    if (kept == 0) std::copy(in.begin(), in.end(), pending_.begin());
    pending_size_ = bytes.size();
    in = {};
    return false;
  }
  pending_size_ = 0;
  auto size = (*header)->size;
  in = in.subspan(size - std::min(size, kept));
  if (size < kept) {
    // What began like an extended timestamp went on differently: it is payload.
    again_left_ = kept - size;
    std::copy_n(pending_.begin() + static_cast<std::ptrdiff_t>(size), again_left_,
                again_.end() - static_cast<std::ptrdiff_t>(again_left_));
  }
  if (auto ok = begin_chunk(**header); !ok) return ok.error();
  offset_ += size;
  return true;
}

/// Nothing when the header goes on after `bytes`. Never asks for more than `max_header` bytes.
result<std::optional<chunk_reader::chunk_header>> chunk_reader::parse_header(byte_view bytes) const {
  byte_reader in(bytes);
  chunk_header header;
  auto first = in.u8();
  header.format = first >> 6;
  header.chunk_stream = first & 0x3f;
  if (header.chunk_stream == 0) {
    header.chunk_stream = 64u + in.u8();
  } else if (header.chunk_stream == 1) {
    header.chunk_stream = 64u + in.u8();
    header.chunk_stream += std::uint32_t{in.u8()} << 8;
  }
  if (!in.ok()) return std::nullopt;
  auto* known = find(header.chunk_stream);
  if (known) {
    header.extended = known->extended;
    header.field = known->field;
    header.length = known->length;
    header.type = known->type;
    header.stream_id = known->stream_id;
  }
  if (in.remaining() < message_header_size[header.format]) return std::nullopt;
  if (header.format <= 2) {
    header.field = in.u24();
    header.extended = header.field == extended_timestamp_mark;
  }
  if (header.format <= 1) {
    header.length = in.u24();
    header.type = message_type{in.u8()};
  }
  if (header.format == 0) {
    header.stream_id = 0;
    for (unsigned shift = 0; shift < 32; shift += 8)
      header.stream_id |= std::uint32_t{in.u8()} << shift;
  }
  if (auto ok = check(header, known); !ok) return ok.error();
  // Some encoders leave the extended timestamp out of type 3 chunks; they are known by its value.
  auto here = bytes.subspan(in.position());
  if (header.extended && (header.format < 3 || starts_with(here, header.field))) {
    header.field = in.u32();
    if (!in.ok()) return std::nullopt;
  }
  header.size = in.position();
  return header;
}

const chunk_reader::chunk_stream* chunk_reader::find(std::uint32_t id) const noexcept {
  for (auto& stream : streams_)
    if (stream.id == id) return &stream;
  return nullptr;
}

result<void> chunk_reader::check(const chunk_header& header, const chunk_stream* known) const {
  auto id = header.chunk_stream;
  if (!known) {
    // librtmp opens its control stream with type 1, so that is let pass.
    if (header.format >= 2)
      return fail(errc::malformed, fmt::format("type {} header on chunk stream {}, which had no message yet",
                                               header.format, id));
    if (streams_.size() >= limits_.max_chunk_streams)
      return fail(errc::too_large, fmt::format("chunk stream {} is one more than the {} allowed", id,
                                               limits_.max_chunk_streams));
  } else if (header.format < 3 && !known->partial.empty()) {
    return fail(errc::malformed,
                fmt::format("type {} header on chunk stream {} when {} of a message's {} bytes "
                            "had arrived; type 3 expected",
                            header.format, id, known->partial.size(), known->length));
  }
  if (header.length > limits_.max_message)
    return fail(errc::too_large,
                fmt::format("a message of {} bytes (type {}) on chunk stream {}; at most {}", header.length,
                            static_cast<unsigned>(header.type), id, limits_.max_message));
  return {};
}

result<void> chunk_reader::begin_chunk(const chunk_header& header) {
  auto* known = find(header.chunk_stream);
  current_ = known ? static_cast<std::size_t>(known - streams_.data()) : streams_.size();
  if (!known) streams_.push_back({.id = header.chunk_stream, .partial = {}});
  auto& stream = streams_[*current_];
  stream.extended = header.extended;
  stream.field = header.field;
  stream.length = header.length;
  stream.type = header.type;
  stream.stream_id = header.stream_id;
  if (stream.partial.empty())
    stream.timestamp = header.format == 0 ? header.field : stream.timestamp + header.field;
  chunk_left_ = std::min<std::size_t>(chunk_size_, stream.length - stream.partial.size());
  return {};
}

/// The message, when its last byte is in `in`.
result<std::optional<message>> chunk_reader::read_payload(byte_view& in) {
  auto& stream = streams_[*current_];
  auto piece = in.first(std::min(chunk_left_, in.size()));
  in = in.subspan(piece.size());
  offset_ += piece.size();
  chunk_left_ -= piece.size();
  message m{stream.type, stream.stream_id, stream.timestamp, piece};
  bool whole = piece.size() == stream.length;
  if (!whole) {
    if (auto ok = append(stream, piece); !ok) return ok.error();
  }
  if (chunk_left_ > 0) return std::nullopt;
  current_.reset();
  if (whole) return m;
  if (stream.partial.size() < stream.length) return std::nullopt;
  drop(last_);
  last_ = std::move(stream.partial);
  stream.partial.clear();
  m.payload = last_;
  return m;
}

result<void> chunk_reader::append(chunk_stream& stream, byte_view piece) {
  auto& partial = stream.partial;
  if (partial.capacity() == 0 && last_.capacity() <= std::max<std::size_t>(stream.length, small_buffer))
    partial.swap(last_);
  auto needed = partial.size() + piece.size();
  if (needed > partial.capacity()) {
    auto grown = std::max(needed, std::min<std::size_t>(stream.length, partial.capacity() * 2));
    auto more = grown - partial.capacity();
    if (held_ + more > limits_.max_held) drop(last_);
    if (held_ + more > limits_.max_held)
      return fail(errc::too_large,
                  fmt::format("parts of messages take {} bytes; at most {}", held_ + more, limits_.max_held));
    held_ -= partial.capacity();
    partial.reserve(grown);
    held_ += partial.capacity();
  }
  partial.insert(partial.end(), piece.begin(), piece.end());
  return {};
}

/// Whether `m` was for the chunk layer (sections 5.4.1 and 5.4.2), and is done with.
result<bool> chunk_reader::obey(const message& m) {
  if (m.type != message_type::set_chunk_size && m.type != message_type::abort) return false;
  byte_reader in(m.payload);
  auto value = in.u32();
  if (!in.ok())
    return fail(errc::malformed, fmt::format("message type {} of {} bytes; 4 expected",
                                             static_cast<unsigned>(m.type), m.payload.size()));
  if (m.type == message_type::set_chunk_size) {
    if (value == 0 || value > 0x7fffffff)
      return fail(errc::malformed, fmt::format("set chunk size {}; 1 to 2147483647 expected", value));
    chunk_size_ = std::min(value, greatest_chunk_size);
    return true;
  }
  for (auto& stream : streams_)
    if (stream.id == value) drop(stream.partial);
  return true;
}

void chunk_reader::release_last() noexcept {
  last_.clear();
}

void chunk_reader::drop(byte_buffer& buffer) noexcept {
  held_ -= buffer.capacity();
  byte_buffer().swap(buffer);
}

error chunk_reader::fail(errc code, std::string text) const {
  return {code, fmt::format("rtmp chunk at byte {}: {}", offset_, text)};
}

} // namespace sluice::media::rtmp
