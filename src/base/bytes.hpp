// Bounded reading and writing of big-endian fields. Pure; used by every parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace sluice {

using byte_view = std::span<const std::uint8_t>;
using byte_buffer = std::vector<std::uint8_t>;

inline byte_view as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(byte_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads fields from a span. A read past the end returns zero or an empty view and makes `ok()` false for
/// good, so a parser checks once after a group of fields.
class byte_reader {
public:
  explicit byte_reader(byte_view bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - at_; }

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t u24() noexcept { return static_cast<std::uint32_t>(big_endian(3)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t u64() noexcept { return big_endian(8); }

  /// The next `n` bytes, not copied.
  byte_view take(std::size_t n) noexcept {
    if (!ok_ || n > remaining()) {
      ok_ = false;
      return {};
    }
    auto piece = bytes_.subspan(at_, n);
    at_ += n;
    return piece;
  }

  /// Everything not read yet, not copied.
  byte_view rest() noexcept { return take(remaining()); }

private:
  std::uint64_t big_endian(std::size_t n) noexcept {
    std::uint64_t value = 0;
    for (auto b : take(n))
      value = value << 8 | b;
    return value;
  }

  byte_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

/// Appends big-endian fields to a buffer the caller owns.
class byte_writer {
public:
  explicit byte_writer(byte_buffer& out) noexcept : out_(out) {}

  void u8(std::uint64_t v) { big_endian(v, 1); }
  void u16(std::uint64_t v) { big_endian(v, 2); }
  void u24(std::uint64_t v) { big_endian(v, 3); }
  void u32(std::uint64_t v) { big_endian(v, 4); }
  void u64(std::uint64_t v) { big_endian(v, 8); }
  void bytes(byte_view piece) { out_.insert(out_.end(), piece.begin(), piece.end()); }
  void text(std::string_view piece) { bytes(as_bytes(piece)); }

private:
  void big_endian(std::uint64_t v, int n) {
    for (int shift = (n - 1) * 8; shift >= 0; shift -= 8)
      out_.push_back(static_cast<std::uint8_t>(v >> shift));
  }

  byte_buffer& out_;
};

} // namespace sluice
