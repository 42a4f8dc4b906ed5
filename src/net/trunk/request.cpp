#include "net/trunk/request.hpp"

#include "net/trunk/messages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace sluice::net::trunk {

namespace {

constexpr std::string_view play_prefix = "/trunk/play/";
constexpr std::string_view publish_prefix = "/trunk/publish/";
constexpr std::string_view look_prefix = "/trunk/look/";

struct route {
  std::string_view prefix;
  request::kind what;
};
constexpr route routes[] = {{play_prefix, request::kind::play},
                            {publish_prefix, request::kind::publish},
                            {look_prefix, request::kind::look}};

/// Cuts `text` at the first `by`: returns what is before it and leaves what is behind it.
std::string_view cut(std::string_view& text, char by) {
  auto at = text.find(by);
  auto before = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return before;
}

result<std::uint64_t> number(std::string_view name, std::string_view digits) {
  std::uint64_t value = 0;
  auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed != std::errc{} || end != digits.data() + digits.size())
    return error{errc::bad_argument, fmt::format("trunk request: '{}' is not a whole number", name)};
  return value;
}

result<void> read_avoid(std::string_view list, std::vector<node_id>& out) {
  while (!list.empty()) {
    auto id = cut(list, ',');
    if (!valid_node_id(id) || out.size() == max_path_names)
      return error{errc::bad_argument,
                   fmt::format("trunk request: 'avoid' is not a list of up to {} names", max_path_names)};
    out.emplace_back(id);
  }
  return {};
}

result<void> read_param(std::string_view name, std::string_view value, request& out) {
  if (name == "epoch" || name == "from") {
    auto found = number(name, value);
    if (!found) return found.error();
    (name == "epoch" ? out.at.value : out.from) = *found;
  } else if (name == "mode") {
    if (value != "local" && value != "through")
      return error{errc::bad_argument, "trunk request: 'mode' is neither 'local' nor 'through'"};
    out.mode = value == "local" ? cluster::pull_mode::local : cluster::pull_mode::through;
  } else if (name == "avoid") {
    return read_avoid(value, out.avoid);
  }
  return {};
}

} // namespace

result<request> request::parse(std::string_view target) {
  if (target.size() > max_target)
    return error{errc::too_large,
                 fmt::format("trunk request of {} bytes; at most {}", target.size(), max_target)};
  const auto* found = std::find_if(std::begin(routes), std::end(routes),
                                   [&](const route& r) { return target.starts_with(r.prefix); });
  if (found == std::end(routes))
    return error{errc::not_found, "the trunk serves /trunk/play/KEY, /trunk/look/KEY and /trunk/publish/KEY"};
  auto params = target.substr(found->prefix.size());
  auto decoded = percent_decode(cut(params, '?'));
  if (!decoded) return decoded.error();
  auto key = stream_key::parse(*decoded);
  if (!key) return key.error();
  request out{found->what, *key};
  while (!params.empty()) {
    auto value = cut(params, '&');
    auto name = cut(value, '=');
    if (auto ok = read_param(name, value, out); !ok) return ok.error();
  }
  return out;
}

std::string request::str() const {
  if (what == kind::publish) return fmt::format("{}{}", publish_prefix, key.str());
  if (what == kind::look) return fmt::format("{}{}", look_prefix, key.str());
  auto out = fmt::format("{}{}?mode={}", play_prefix, key.str(), cluster::name(mode));
  if (at) out += fmt::format("&epoch={}&from={}", at.value, from);
  if (!avoid.empty()) out += fmt::format("&avoid={}", fmt::join(avoid, ","));
  return out;
}

} // namespace sluice::net::trunk
