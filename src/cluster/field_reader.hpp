// Reads the fields of one JSON object, all of which must be there, and keeps the first problem. Lives on the
// stack of a reader; what it reads must outlive it.
#pragma once

#include "base/result.hpp"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::cluster {

class field_reader {
public:
  /// `where` names the object in messages, e.g. `relay 3`.
  field_reader(const boost::json::value& from, std::string where);

  // A field that is missing or wrong is a problem, and zero, empty or null.
  std::string text(std::string_view field);
  std::uint64_t number(std::string_view field, std::uint64_t most);
  /// A text with a decimal number: the JSON parser is not exact in the last bit, and a digest would tell.
  double decimal(std::string_view field);
  /// Longer than `most` is `too_large`.
  const boost::json::array* list(std::string_view field, std::size_t most);
  const boost::json::value* find(std::string_view field);

  void wrong(std::string_view field, std::string_view expected);
  /// A problem found by another reader.
  void note(const std::optional<error>& problem);
  [[nodiscard]] const std::optional<error>& problem() const noexcept { return problem_; }

private:
  const boost::json::object* object_;
  std::string where_;
  std::optional<error> problem_;
};

} // namespace sluice::cluster
