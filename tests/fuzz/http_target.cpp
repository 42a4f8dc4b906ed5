// Whatever a request line names: a target that parses obeys the limits of keys and means the same when
// written plainly.
#include "net/http/target.hpp"

#include <cstdlib>

using namespace sluice;
using net::target_kind;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

std::string plain_form(const net::http_target& target) {
  switch (target.kind) {
  case target_kind::stream:
    return "/" + target.key->str() + ".flv";
  case target_kind::api_stream:
    return "/api/v1/streams/" + target.key->str();
  case target_kind::api_enumerate:
    return "/api/v1/enumerate/" + target.key->str();
  default:
    return target.key ? "/watch/" + target.key->str() : target.path;
  }
}

void check_target(std::string_view text) {
  auto target = net::parse_target(text);
  if (!target) return check(!target.error().message.empty());
  check(text.size() <= 4096 && text.front() == '/');
  check(target->path.size() + target->params.size() <= text.size());
  check(target->path.find('?') == std::string::npos);
  if (target->key) check(stream_key::parse(target->key->str()).has_value());
  auto again = net::parse_target(plain_form(*target));
  check(again.has_value() && again->kind == target->kind && again->key == target->key);
  if (target->kind != target_kind::stream) return;
  auto alias = net::parse_target("/" + target->key->str() + ".live.flv");
  check(alias.has_value() && alias->key == target->key);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_target(text);
  // Behind each prefix that takes a key, so that the parser of keys gets its share.
  for (auto prefix : {"/", "/watch/", "/api/v1/streams/"})
    check_target(prefix + std::string(text));
  check_target("/" + std::string(text) + ".flv");
  return 0;
}
