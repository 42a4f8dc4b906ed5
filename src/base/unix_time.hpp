// The wall clock, for what people and other machines are told. How much time passed is the steady clock's to
// say. Any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

/// Milliseconds since 1970.
inline std::uint64_t unix_ms_now() noexcept {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

} // namespace sluice
