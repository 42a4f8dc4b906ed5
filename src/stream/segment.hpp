// A piece of a log's memory: allocated once, never moved, written by one thread below and read by any thread
// below the head that thread was told. Shared by reference count; a segment never owns its successor.
#pragma once

#include "base/bytes.hpp"

#include <memory>

namespace sluice::stream {

class segment {
public:
  segment(std::uint64_t base, std::size_t capacity)
      : base_(base), capacity_(capacity), bytes_(new std::uint8_t[capacity]) {}

  /// Log offset of the first byte.
  [[nodiscard]] std::uint64_t base() const noexcept { return base_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return base_ + capacity_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// The bytes of [from, to), which must lie inside.
  [[nodiscard]] byte_view view(std::uint64_t from, std::uint64_t to) const noexcept {
    return {bytes_.get() + (from - base_), static_cast<std::size_t>(to - from)};
  }
  /// Room for the writer at and after `from`.
  [[nodiscard]] std::span<std::uint8_t> room(std::uint64_t from) noexcept {
    return {bytes_.get() + (from - base_), static_cast<std::size_t>(end() - from)};
  }

private:
  std::uint64_t base_;
  std::size_t capacity_;
  std::unique_ptr<std::uint8_t[]> bytes_; // uninitialised on purpose: it is all overwritten
};

using segment_ptr = std::shared_ptr<segment>;
using const_segment_ptr = std::shared_ptr<const segment>;

} // namespace sluice::stream
