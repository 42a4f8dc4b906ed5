#include "cluster/field_reader.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>

namespace sluice::cluster {

namespace json = boost::json;

field_reader::field_reader(const json::value& from, std::string where)
    : object_(from.if_object()), where_(std::move(where)) {
  if (!object_) note(error{errc::malformed, where_ + " is not an object"});
}

std::string field_reader::text(std::string_view field) {
  auto* value = find(field);
  auto* found = value ? value->if_string() : nullptr;
  if (value && !found) wrong(field, "a text");
  return found ? std::string(found->data(), found->size()) : std::string{};
}

std::uint64_t field_reader::number(std::string_view field, std::uint64_t most) {
  auto* value = find(field);
  if (!value) return 0;
  std::optional<std::uint64_t> found;
  if (auto* plain = value->if_uint64()) found = *plain;
  if (auto* plain = value->if_int64(); plain && *plain >= 0) found = static_cast<std::uint64_t>(*plain);
  if (found && *found <= most) return *found;
  wrong(field, fmt::format("a whole number up to {}", most));
  return 0;
}

double field_reader::decimal(std::string_view field) {
  auto digits = text(field);
  double out = 0;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (failure == std::errc{} && end == digits.data() + digits.size()) return out;
  wrong(field, "a text with a decimal number");
  return 0;
}

const json::array* field_reader::list(std::string_view field, std::size_t most) {
  auto* value = find(field);
  auto* items = value ? value->if_array() : nullptr;
  if (value && !items) wrong(field, "a list");
  if (!items || items->size() <= most) return items;
  note(error{errc::too_large,
             fmt::format("{}: '{}' has {} entries; at most {}", where_, field, items->size(), most)});
  return nullptr;
}

const json::value* field_reader::find(std::string_view field) {
  auto* value = object_ ? object_->if_contains({field.data(), field.size()}) : nullptr;
  if (!value) note(error{errc::malformed, fmt::format("{} has no '{}'", where_, field)});
  return value;
}

void field_reader::wrong(std::string_view field, std::string_view expected) {
  note(error{errc::malformed, fmt::format("{}: '{}' is not {}", where_, field, expected)});
}

void field_reader::note(const std::optional<error>& problem) {
  if (problem && !problem_) problem_ = problem;
}

} // namespace sluice::cluster
