// The keys of one cluster in etcd as this process last heard of them: filled by a list, kept true by a watch.
// Pure; owned by `etcd_store`, on its worker.
#pragma once

#include "cluster/snapshot.hpp"
#include "net/store/etcd_json.hpp"
#include "net/store/stored_values.hpp"
#include "plane/ports.hpp"

#include <map>
#include <optional>

namespace sluice::net::etcd {

class mirror {
public:
  /// Keys below the cluster's root, understood or not.
  static constexpr std::size_t max_keys = 4 * cluster::max_relays;

  explicit mirror(store_keys keys) : keys_(std::move(keys)) {}

  /// Forgets all keys, before a list of the store at `revision`. The greatest mod_revision seen is kept,
  /// unless the store is behind it: then it is not the store it was.
  void clear(std::uint64_t revision);
  /// Takes in a key that was put; older news are ignored. Errors: `malformed`, `bad_argument`,
  /// `unsupported`: the key is there, but its value counts for nothing (a policy: the last good one stays);
  /// `too_large` (too many keys: it is left out).
  result<void> put(const key_value& found);
  void erase(const key_value& gone);

  /// What the directories know together. `fresh` is left false.
  [[nodiscard]] plane::store_contents contents() const;
  /// What `directory` has under `relay`, with the lease it goes with; nothing when there is none, or none
  /// that can be read.
  struct held {
    cluster::relay_entry entry;
    std::uint64_t lease = 0;
  };
  [[nodiscard]] const held* find(std::string_view relay, std::string_view directory) const;

  [[nodiscard]] std::size_t size() const noexcept { return stored_.size(); }
  /// Greatest mod_revision seen.
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }
  [[nodiscard]] const store_keys& keys() const noexcept { return keys_; }

private:
  struct stored {
    std::uint64_t mod_revision = 0;
    std::optional<held> relay; ///< absent: the policy, or nothing we can read
  };
  result<void> read(const key_value& found, stored& into);

  store_keys keys_;
  std::map<std::string, stored, std::less<>> stored_;
  cluster::policy rules_, last_good_rules_;
  std::uint64_t revision_ = 0;
};

} // namespace sluice::net::etcd
