#include "net/store/json_fields.hpp"

#include "base/base64.hpp"

#include <fmt/format.h>

#include <charconv>

namespace sluice::net::etcd {

namespace json = boost::json;

namespace {

constexpr std::size_t max_depth = 16;

std::optional<std::uint64_t> whole(std::string_view digits) {
  std::uint64_t out = 0;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

} // namespace

result<json::value> parse_json(std::string_view what, std::string_view text) {
  boost::system::error_code failure;
  json::parse_options options;
  options.max_depth = max_depth;
  auto root = json::parse({text.data(), text.size()}, failure, {}, options);
  if (failure) return error{errc::malformed, fmt::format("{}: not JSON: {}", what, failure.message())};
  return root;
}

json_fields::json_fields(const json::value& from, std::string where)
    : object_(from.if_object()), where_(std::move(where)) {
  if (!object_) problem_ = error{errc::malformed, where_ + " is not an object"};
}

std::uint64_t json_fields::number(std::string_view field, std::uint64_t most) {
  const auto* value = find(field);
  if (!value) return 0;
  std::optional<std::uint64_t> found;
  if (const auto* plain = value->if_uint64()) found = *plain;
  if (const auto* plain = value->if_int64(); plain && *plain >= 0) found = static_cast<std::uint64_t>(*plain);
  if (const auto* digits = value->if_string()) found = whole({digits->data(), digits->size()});
  if (!found || *found > most) wrong(field, fmt::format("a whole number up to {}", most));
  return found && *found <= most ? *found : 0;
}

bool json_fields::flag(std::string_view field) {
  const auto* value = find(field);
  if (!value) return false;
  if (!value->is_bool()) wrong(field, "true or false");
  return value->is_bool() && value->get_bool();
}

std::string json_fields::text(std::string_view field) {
  const auto* value = find(field);
  if (!value) return {};
  const auto* found = value->if_string();
  if (!found) wrong(field, "a text");
  return found ? std::string(found->data(), found->size()) : std::string{};
}

std::string json_fields::bytes(std::string_view field) {
  auto plain = from_base64(text(field));
  if (!plain) wrong(field, "base64");
  return plain ? std::string(as_text(*plain)) : std::string{};
}

const json::array* json_fields::list(std::string_view field) {
  const auto* value = find(field);
  if (value && !value->is_array()) wrong(field, "a list");
  return value ? value->if_array() : nullptr;
}

const json::value* json_fields::find(std::string_view field) {
  const auto* value = object_ ? object_->if_contains({field.data(), field.size()}) : nullptr;
  return value && !value->is_null() ? value : nullptr;
}

const json::value* json_fields::need(std::string_view field) {
  const auto* value = find(field);
  if (!value) note(error{errc::malformed, fmt::format("{} has no '{}'", where_, field)});
  return value;
}

void json_fields::wrong(std::string_view field, std::string_view expected) {
  note(error{errc::malformed, fmt::format("{}: '{}' is not {}", where_, field, expected)});
}

void json_fields::note(const std::optional<error>& problem) {
  if (problem && !problem_) problem_ = problem;
}

} // namespace sluice::net::etcd
