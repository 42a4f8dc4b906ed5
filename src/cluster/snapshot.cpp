#include "cluster/snapshot.hpp"

#include "base/host_port.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>

namespace sluice::cluster {

namespace {

constexpr std::string_view format_tag = "sluice.snapshot.1";

void put_text(byte_writer& out, std::string_view text) {
  out.u32(text.size());
  out.text(text);
}

} // namespace

result<void> check_address(std::string_view field, std::string_view address) {
  if (address.size() > max_address)
    return error{errc::bad_argument,
                 fmt::format("{}: {} characters; at most {}", field, address.size(), max_address)};
  auto parsed = host_port::parse(address);
  if (!parsed) return error{errc::bad_argument, fmt::format("{}: {}", field, parsed.error().message)};
  if (parsed->host.empty() || parsed->port == 0)
    return error{errc::bad_argument,
                 fmt::format("{} '{}': others need a host and a port to connect to", field, address)};
  return {};
}

result<void> check_zone(std::string_view zone) {
  if (zone.empty() || valid_node_id(zone)) return {};
  return error{errc::bad_argument,
               fmt::format("zone '{}': at most 64 letters, digits, . _ -", zone.substr(0, max_node_id))};
}

result<void> check_relay(const relay_entry& relay) {
  if (!valid_node_id(relay.id))
    return error{errc::bad_argument,
                 fmt::format("id '{}' is not a node id", relay.id.substr(0, max_node_id))};
  if (auto ok = check_address("trunk_address", relay.trunk_address); !ok) return ok;
  if (auto ok = check_zone(relay.zone); !ok) return ok;
  if (auto ok = check_weight(relay.weight); !ok) return ok;
  if (relay.state < relay_state::ready || relay.state > relay_state::suspect)
    return error{errc::bad_argument, fmt::format("state {} is unknown", static_cast<int>(relay.state))};
  return {};
}

result<void> validate(const snapshot& list) {
  if (list.relays.size() > max_relays)
    return error{errc::too_large,
                 fmt::format("snapshot: {} relays; at most {}", list.relays.size(), max_relays)};
  if (auto ok = check_policy_in_force(list.rules); !ok)
    return error{ok.error().code, "snapshot: " + ok.error().message};
  const relay_entry* previous = nullptr;
  for (auto& relay : list.relays) {
    if (auto ok = check_relay(relay); !ok)
      return error{ok.error().code,
                   fmt::format("snapshot: relay {}: {}", &relay - list.relays.data(), ok.error().message)};
    if (previous && previous->id >= relay.id)
      return error{errc::malformed, fmt::format("snapshot: relay '{}' after '{}'; ids ascend, none twice",
                                                relay.id, previous->id)};
    previous = &relay;
  }
  if (auto digest = digest_of(list); digest != list.digest)
    return error{errc::malformed,
                 fmt::format("snapshot: digest {:016x}, but its content has {:016x}", list.digest, digest)};
  return {};
}

byte_buffer canonical_form(const snapshot& list) {
  byte_buffer bytes;
  bytes.reserve(64 + list.relays.size() * 96);
  byte_writer out(bytes);
  put_text(out, format_tag);
  out.u32(list.rules.copies);
  out.u32(list.rules.spread);
  put_text(out, list.rules.algorithm);
  out.u64(list.rules.version);
  out.u32(list.rules.drained.size());
  for (auto& id : list.rules.drained)
    put_text(out, id);
  out.u32(list.rules.weights.size());
  for (auto& [id, weight] : list.rules.weights) {
    put_text(out, id);
    out.u64(std::bit_cast<std::uint64_t>(weight));
  }
  out.u32(list.rules.changes.size());
  for (auto& [what, version] : list.rules.changes) {
    put_text(out, what);
    out.u64(version);
  }
  out.u32(list.relays.size());
  for (auto& relay : list.relays) {
    put_text(out, relay.id);
    out.u64(relay.boot_nonce);
    put_text(out, relay.trunk_address);
    put_text(out, relay.zone);
    out.u64(std::bit_cast<std::uint64_t>(relay.weight));
    out.u8(static_cast<std::uint8_t>(relay.state));
  }
  return bytes;
}

std::uint64_t digest_of(const snapshot& list) {
  auto bytes = canonical_form(list);
  return XXH3_64bits(bytes.data(), bytes.size());
}

void seal(snapshot& list) {
  std::sort(list.relays.begin(), list.relays.end(), [](auto& a, auto& b) { return a.id < b.id; });
  list.digest = digest_of(list);
}

} // namespace sluice::cluster
