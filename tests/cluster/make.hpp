// Small makers of cluster values for the tests.
#pragma once

#include "cluster/snapshot.hpp"

#include <fmt/format.h>

namespace sluice::cluster::test {

inline stream_key key(std::string_view text = "live/room1") {
  return *stream_key::parse(text);
}

inline relay_entry relay(std::string id, std::string zone = {}, double weight = 1,
                         relay_state state = relay_state::ready) {
  relay_entry out;
  out.trunk_address = id + ".example:8500";
  out.id = std::move(id);
  out.boot_nonce = 1;
  out.zone = std::move(zone);
  out.weight = weight;
  out.state = state;
  return out;
}

inline snapshot list_of(std::vector<relay_entry> relays, policy rules = {}) {
  snapshot out;
  out.rules = std::move(rules);
  out.relays = std::move(relays);
  seal(out);
  return out;
}

inline snapshot numbered(int count) {
  std::vector<relay_entry> relays;
  for (int i = 0; i < count; ++i)
    relays.push_back(relay(fmt::format("relay-{}", i)));
  return list_of(std::move(relays));
}

template <class Relays>
std::vector<std::string> ids(const Relays& relays) {
  std::vector<std::string> out;
  for (auto& one : relays)
    out.push_back(one.id);
  return out;
}

using names = std::vector<std::string>;

} // namespace sluice::cluster::test
