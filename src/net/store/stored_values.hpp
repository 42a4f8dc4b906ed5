// What the directories keep in the store, and under which keys:
// `<prefix>/<cluster>/relays/<node>/<directory>` and `<prefix>/<cluster>/policy`, values in JSON. Pure; any
// thread.
#pragma once

#include "cluster/model.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::net::etcd {

/// The key layout of one cluster.
class store_keys {
public:
  /// `prefix` such as `/sluice`; `cluster` a valid name.
  store_keys(std::string_view prefix, std::string_view cluster);

  /// What all keys of the cluster start with.
  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  [[nodiscard]] const std::string& policy() const noexcept { return policy_; }
  [[nodiscard]] std::string relay(std::string_view relay, std::string_view directory) const;

  struct relay_key {
    node_id relay, directory;
    bool operator==(const relay_key&) const = default;
  };
  /// Nothing when `key` is not a relay's.
  [[nodiscard]] std::optional<relay_key> parse_relay(std::string_view key) const;

private:
  std::string root_, relays_, policy_;
};

std::string value_of(const cluster::relay_entry& relay);
/// Errors: `malformed` (not JSON, a missing or wrong field), `bad_argument` (a value out of range), both
/// naming the field.
result<cluster::relay_entry> relay_from_json(std::string_view text);

std::string value_of(const cluster::policy& rules);
/// Errors as `relay_from_json`, and `too_large`, `unsupported` (unknown algorithm).
result<cluster::policy> policy_from_json(std::string_view text);

} // namespace sluice::net::etcd
