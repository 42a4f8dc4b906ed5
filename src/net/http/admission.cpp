#include "net/http/admission.hpp"

namespace sluice::net {

std::optional<admission::refused> admission::refuses(std::size_t viewers) {
  if (leaving_) return refused{refusal::leaving, {errc::unavailable, "this node is going away"}};
  if (viewers >= max_viewers_) {
    if (!std::exchange(told_full_, true))
      log_.warn("data thread full, new viewers are refused", "viewers", viewers, "raise", "--max-viewers");
    return refused{refusal::full, {errc::unavailable, "this node has as many viewers as it may"}};
  }
  if (overloaded_ && overloaded_())
    return refused{refusal::overloaded, {errc::unavailable, "this node has more to do than it can"}};
  // A viewer that comes for each that goes is still the same episode.
  if (viewers < max_viewers_ - max_viewers_ / 10) told_full_ = false;
  return std::nullopt;
}

refusal refusal_for(errc code) noexcept {
  switch (code) {
  case errc::not_found:
  case errc::not_live:
    return refusal::not_live;
  case errc::unauthorized:
    return refusal::forbidden;
  default:
    return refusal::unavailable;
  }
}

} // namespace sluice::net
