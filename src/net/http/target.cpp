#include "net/http/target.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace sluice::net {

namespace {

constexpr std::size_t max_target = 4096;

constexpr std::array<std::pair<std::string_view, target_kind>, 7> exact_paths{{
    {"/api/v1/streams", target_kind::api_streams},
    {"/api/v1/nodes", target_kind::api_nodes},
    {"/api/v1/edges", target_kind::api_edges},
    {"/api/v1/publish", target_kind::api_publish},
    {"/livez", target_kind::livez},
    {"/readyz", target_kind::readyz},
    {"/metrics", target_kind::metrics},
}};

constexpr std::array<std::pair<std::string_view, target_kind>, 3> key_paths{{
    {"/api/v1/streams/", target_kind::api_stream},
    {"/api/v1/enumerate/", target_kind::api_enumerate},
    {"/watch/", target_kind::page},
}};

result<http_target> with_key(http_target target, std::string_view text) {
  auto key = stream_key::parse(text);
  if (!key) return key.error();
  target.key = std::move(*key);
  return target;
}

} // namespace

result<http_target> parse_target(std::string_view text) {
  if (text.size() > max_target)
    return error{errc::bad_argument,
                 fmt::format("request target: {} bytes; at most {}", text.size(), max_target)};
  if (text.empty() || text.front() != '/')
    return error{errc::bad_argument, "request target: a path that starts with / is expected"};
  http_target target;
  auto question = text.find('?');
  if (question != std::string_view::npos) target.params = text.substr(question + 1);
  auto path = text.substr(0, question);
  target.path = path;
  for (auto [exact, kind] : exact_paths) {
    if (path != exact) continue;
    target.kind = kind;
    return target;
  }
  for (auto [prefix, kind] : key_paths) {
    if (!path.starts_with(prefix)) continue;
    target.kind = kind;
    return with_key(std::move(target), path.substr(prefix.size()));
  }
  if (path.starts_with("/api/")) return error{errc::not_found, "no such API; see /api/v1/streams"};
  if (path.ends_with(".flv")) {
    path.remove_suffix(std::string_view(".flv").size());
    if (path.ends_with(".live")) path.remove_suffix(std::string_view(".live").size());
    target.kind = target_kind::stream;
    return with_key(std::move(target), path.substr(1));
  }
  return target;
}

} // namespace sluice::net
