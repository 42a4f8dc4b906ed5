// The snapshot as a value that can be checked, compared and kept: canonical bytes, digest, JSON text for
// the copy on disk. Pure; any thread.
#pragma once

#include "base/bytes.hpp"
#include "cluster/policy.hpp"

namespace sluice::cluster {

/// Limits of one snapshot and of the texts in it.
constexpr std::size_t max_relays = 10'000;
constexpr std::size_t max_address = 262; ///< a DNS name of 253 characters, `:` and the port, brackets
constexpr std::size_t max_snapshot_json = std::size_t{8} << 20; ///< bytes

/// `host:port` or `[v6]:port`, port 1 to 65535. Errors: `bad_argument`, naming `field` and what is wrong.
result<void> check_address(std::string_view field, std::string_view address);
/// A zone is empty or like a node id. Errors: `bad_argument`.
result<void> check_zone(std::string_view zone);
/// Every field of one relay. Errors: `bad_argument`, naming the field.
result<void> check_relay(const relay_entry& relay);
/// Whether every field is usable, ids are sorted and unique, and the digest fits. Errors: as the checks
/// above, naming the relay; `too_large`; `malformed` (order, digest).
result<void> validate(const snapshot& list);

/// Big-endian fields in a fixed order, texts with a length: equal bytes exactly when policy and relays are
/// equal. Relays must be sorted by id.
byte_buffer canonical_form(const snapshot& list);
/// XXH3-64 of the canonical form.
std::uint64_t digest_of(const snapshot& list);
/// Sorts the relays by id and sets the digest.
void seal(snapshot& list);

/// JSON text of a sealed snapshot, for the file a node starts from when no directory answers.
std::string to_json(const snapshot& list);
/// Reads what `to_json` wrote and validates it; unknown fields are ignored. Errors: `too_large`,
/// `malformed` (JSON, a missing or wrong field, digest), `bad_argument` (a value out of range).
result<snapshot> snapshot_from_json(std::string_view text);

} // namespace sluice::cluster
