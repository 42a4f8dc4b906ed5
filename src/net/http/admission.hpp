// Whether one worker takes one more viewer, and why not. Says in the log when it is full, once until it has
// room again. Owned by the worker's part of the HTTP server; on that worker.
#pragma once

#include "base/logging.hpp"
#include "base/result.hpp"
#include "net/core/counters.hpp"

#include <functional>
#include <optional>

namespace sluice::net {

class admission {
public:
  struct refused {
    refusal why;
    error said;
  };

  /// `overloaded` may be empty: never.
  admission(std::size_t max_viewers, std::function<bool()> overloaded, logger log)
      : max_viewers_(max_viewers), overloaded_(std::move(overloaded)), log_(std::move(log)) {}

  /// With so many viewers here; nothing: there is room for another.
  std::optional<refused> refuses(std::size_t viewers);
  /// Refuses everybody from now on.
  void leave() noexcept { leaving_ = true; }
  [[nodiscard]] bool leaving() const noexcept { return leaving_; }

private:
  std::size_t max_viewers_;
  std::function<bool()> overloaded_;
  logger log_;
  bool leaving_ = false;
  bool told_full_ = false;
};

/// How a failure to open a stream counts.
refusal refusal_for(errc code) noexcept;

} // namespace sluice::net
