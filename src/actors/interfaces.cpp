#include "actors/interfaces.hpp"

#include <fmt/format.h>

namespace sluice::actors {

namespace {

constexpr auto our_category = caf::detail::error_factory<errc>::category;

std::string text_of(const caf::error& e) {
  const auto& context = e.context();
  return context.match_elements<std::string>() ? context.get_as<std::string>(0) : std::string{};
}

} // namespace

caf::error to_caf(const error& e) {
  return caf::make_error(e.code, e.message);
}

error from_caf(const caf::error& e) {
  if (e.category() == our_category && e.code() >= 1 && e.code() <= static_cast<std::uint8_t>(errc::io))
    return {static_cast<errc>(e.code()), text_of(e)};
  if (e == caf::sec::request_timeout) return {errc::timed_out, "no answer in time"};
  return {errc::unavailable,
          fmt::format("no answer (code {} of {})", e.code(), caf::to_string(e.category()))};
}

} // namespace sluice::actors
