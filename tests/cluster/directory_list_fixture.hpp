// What tests of a directory's relay list share, whether relays come to it by themselves or from its store.
#pragma once

#include "directory_fixture.hpp"

namespace sluice::cluster::test {

/// Its nodes have something to say, and its store has a list of relays.
struct list_fixture : cluster_fixture {
  using cluster_fixture::cluster_fixture;

  /// A heartbeat with something to say.
  template <class Fill>
  void say(std::string id, Fill fill) {
    node_heartbeat beat;
    beat.id = std::move(id);
    beat.boot_nonce = 1;
    fill(beat);
    REQUIRE(directory.heartbeat(beat, now).has_value());
  }

  void blame(std::string reporter, std::vector<node_id> relays) {
    say(std::move(reporter), [&](auto& beat) { beat.failing = std::move(relays); });
  }

  void adopt(std::vector<relay_entry> relays, bool fresh = true, const policy& rules = {}) {
    REQUIRE(directory.adopt(rules, relays, fresh, now).has_value());
  }

  store_changes changes() { return directory.take_store_changes(now); }
};

/// In the store's list, as `add` registers it.
inline relay_entry stored(std::string id, std::uint64_t nonce = 1) {
  relay_entry out;
  out.trunk_address = id + ":8500";
  out.id = std::move(id);
  out.boot_nonce = nonce;
  return out;
}

} // namespace sluice::cluster::test
