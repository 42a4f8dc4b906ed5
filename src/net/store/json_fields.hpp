// Reads the fields of one JSON object as etcd writes them, and keeps the first problem. Private to
// net/store. Lives on the stack of a decoder.
#pragma once

#include "base/result.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net::etcd {

/// `malformed` unless `text` is one JSON value nested less than 16 deep. `what` opens the error's message.
result<boost::json::value> parse_json(std::string_view what, std::string_view text);

class json_fields {
public:
  /// `where` names the object in messages, e.g. `range reply: kvs[3]`.
  json_fields(const boost::json::value& from, std::string where);

  // A field that is missing is zero, empty or false: so proto3 writes them.
  std::uint64_t number(std::string_view field,
                       std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  bool flag(std::string_view field);
  std::string text(std::string_view field);
  std::string bytes(std::string_view field); ///< from base64
  const boost::json::array* list(std::string_view field);
  /// Null when missing.
  const boost::json::value* find(std::string_view field);
  /// Notes that the field must be there.
  const boost::json::value* need(std::string_view field);

  void wrong(std::string_view field, std::string_view expected);
  /// A problem found by another reader.
  void note(const std::optional<error>& problem);
  [[nodiscard]] const std::optional<error>& problem() const noexcept { return problem_; }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

private:
  const boost::json::object* object_ = nullptr;
  std::string where_;
  std::optional<error> problem_;
};

} // namespace sluice::net::etcd
