#include "net/core/counters.hpp"

namespace sluice::net {

std::string_view name(refusal why) noexcept {
  switch (why) {
  case refusal::full:
    return "full";
  case refusal::overloaded:
    return "overloaded";
  case refusal::leaving:
    return "leaving";
  case refusal::forbidden:
    return "forbidden";
  case refusal::not_live:
    return "not_live";
  case refusal::unavailable:
    break;
  }
  return "unavailable";
}

} // namespace sluice::net
