#include "cluster/field_reader.hpp"
#include "cluster/model_json.hpp"
#include "cluster/snapshot.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace sluice::cluster {

namespace json = boost::json;

namespace {

constexpr std::uint64_t format_version = 1;

result<snapshot> read_snapshot(const json::value& from) {
  field_reader in(from, "snapshot");
  if (in.number("format", UINT64_MAX) != format_version) in.wrong("format", "1, the only one known");
  snapshot list;
  list.digest = in.number("digest", UINT64_MAX);
  auto* rules = in.find("policy");
  auto* relays = in.list("relays", max_relays);
  if (in.problem()) return *in.problem();
  auto read_rules = read_policy(*rules);
  if (!read_rules) return read_rules.error();
  list.rules = std::move(*read_rules);
  list.relays.reserve(relays->size());
  for (auto& item : *relays) {
    auto relay = read_relay(item, fmt::format("relay {}", list.relays.size()));
    if (!relay) return relay.error();
    list.relays.push_back(std::move(*relay));
  }
  return list;
}

result<json::value> parse(std::string_view text) {
  if (text.size() > max_snapshot_json)
    return error{errc::too_large, fmt::format("{} bytes; at most {}", text.size(), max_snapshot_json)};
  boost::system::error_code failure;
  auto root = json::parse(json::string_view{text.data(), text.size()}, failure);
  if (failure) return error{errc::malformed, "not JSON: " + failure.message()};
  return root;
}

} // namespace

std::string to_json(const snapshot& list) {
  json::array relays;
  for (auto& relay : list.relays)
    relays.push_back(json_of(relay));
  json::object out;
  out["format"] = format_version;
  out["digest"] = list.digest;
  out["policy"] = json_of(list.rules);
  out["relays"] = std::move(relays);
  return json::serialize(out);
}

result<snapshot> snapshot_from_json(std::string_view text) {
  auto root = parse(text);
  if (!root) return root.error();
  auto list = read_snapshot(*root);
  if (!list) return list.error();
  if (auto ok = validate(*list); !ok) return ok.error();
  return list;
}

} // namespace sluice::cluster
