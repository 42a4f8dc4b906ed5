// How many publishers a node takes at a time, whatever protocol they speak. One per node; any thread.
#pragma once

#include "base/result.hpp"

#include <fmt/format.h>

#include <atomic>
#include <memory>

namespace sluice::net {

/// A publisher's place, given back when the last copy goes.
using publisher_seat = std::shared_ptr<void>;

class publisher_seats {
public:
  explicit publisher_seats(std::size_t limit) : limit_(limit) {}

  /// Error: `unavailable` when all are taken.
  result<publisher_seat> take() const {
    if (taken_->fetch_add(1, std::memory_order_relaxed) >= limit_) {
      taken_->fetch_sub(1, std::memory_order_relaxed);
      return error{errc::unavailable,
                   fmt::format("this origin has {} publishers and takes no more (--max-publishers)", limit_)};
    }
    // The seat may outlive this object: a connection ends when its worker comes to it.
    return publisher_seat(taken_.get(),
                          [taken = taken_](void*) { taken->fetch_sub(1, std::memory_order_relaxed); });
  }

  [[nodiscard]] std::size_t taken() const noexcept { return taken_->load(std::memory_order_relaxed); }

private:
  std::size_t limit_;
  std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

} // namespace sluice::net
