#include "base/result.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace sluice {

std::string_view name(errc code) noexcept {
  switch (code) {
  case errc::malformed:
    return "malformed";
  case errc::too_large:
    return "too_large";
  case errc::unsupported:
    return "unsupported";
  case errc::bad_argument:
    return "bad_argument";
  case errc::unauthorized:
    return "unauthorized";
  case errc::not_found:
    return "not_found";
  case errc::not_live:
    return "not_live";
  case errc::conflict:
    return "conflict";
  case errc::stale:
    return "stale";
  case errc::timed_out:
    return "timed_out";
  case errc::closed:
    return "closed";
  case errc::unavailable:
    return "unavailable";
  case errc::io:
    return "io";
  }
  return "unknown";
}

void throw_exception_from_error(const error& e, const boost::source_location& where) {
  throw std::runtime_error(
      fmt::format("{}: {} ({}:{})", name(e.code), e.message, where.file_name(), where.line()));
}

} // namespace sluice
