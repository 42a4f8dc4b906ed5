// How tests wait for what other threads and processes do.
#pragma once

#include <chrono>
#include <thread>

namespace sluice::test {

/// Generous: the machine may be busy with other tests.
inline constexpr std::chrono::seconds patience{60};

/// Waits until `holds()`; false when it did not within `limit`.
template <class Condition>
bool eventually(Condition holds, std::chrono::milliseconds limit = patience) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

} // namespace sluice::test
