#include "net/store/stored_values.hpp"

#include "cluster/model_json.hpp"
#include "cluster/snapshot.hpp"
#include "net/store/json_fields.hpp"

#include <fmt/format.h>

namespace sluice::net::etcd {

namespace json = boost::json;

namespace {

/// `read`, when `check` finds nothing; an error says whose value it is.
template <class Value>
result<Value> if_good(std::string_view what, result<Value> read, result<void> (&check)(const Value&)) {
  if (!read) return read;
  if (auto ok = check(*read); !ok)
    return error{ok.error().code, fmt::format("{}: {}", what, ok.error().message)};
  return read;
}

} // namespace

store_keys::store_keys(std::string_view prefix, std::string_view cluster)
    : root_(fmt::format("{}/{}/", prefix, cluster)), relays_(root_ + "relays/"), policy_(root_ + "policy") {}

std::string store_keys::relay(std::string_view relay, std::string_view directory) const {
  return fmt::format("{}{}/{}", relays_, relay, directory);
}

std::optional<store_keys::relay_key> store_keys::parse_relay(std::string_view key) const {
  if (!key.starts_with(relays_)) return std::nullopt;
  key.remove_prefix(relays_.size());
  auto slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto relay = key.substr(0, slash), directory = key.substr(slash + 1);
  if (!valid_node_id(relay) || !valid_node_id(directory)) return std::nullopt;
  return relay_key{node_id(relay), node_id(directory)};
}

std::string value_of(const cluster::relay_entry& relay) {
  return json::serialize(cluster::json_of(relay));
}

result<cluster::relay_entry> relay_from_json(std::string_view text) {
  auto root = parse_json("relay", text);
  if (!root) return root.error();
  return if_good("relay", cluster::read_relay(*root, "relay"), cluster::check_relay);
}

std::string value_of(const cluster::policy& rules) {
  return json::serialize(cluster::json_of(rules));
}

result<cluster::policy> policy_from_json(std::string_view text) {
  auto root = parse_json("policy", text);
  if (!root) return root.error();
  return if_good("policy", cluster::read_policy(*root), cluster::check_policy);
}

} // namespace sluice::net::etcd
