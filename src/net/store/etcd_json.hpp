// What is said to etcd 3.4's JSON API and heard from it: request bodies out, reply bodies in. Keys and values
// travel in base64, 64-bit numbers as text, a zero or empty field is left out (proto3's JSON mapping).
// Pure; any thread. Unknown fields are ignored.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net::etcd {

/// One reply's body, or one line of a watch. 10,000 relays deleted at once are 3 MiB of events.
constexpr std::size_t max_body = std::size_t{8} << 20;
/// Operations of one transaction; etcd itself takes 128.
constexpr std::size_t max_operations = 100;

struct key_value {
  std::string key, value;
  std::uint64_t mod_revision = 0; ///< of the change that wrote it
  std::uint64_t lease = 0;        ///< it goes when this lease ends; 0: it stays
  bool operator==(const key_value&) const = default;
};

/// The keys in `[first, end)`.
struct key_range {
  std::string first, end;
};
/// Every key that starts with `prefix`.
key_range keys_under(std::string_view prefix);

struct range_question {
  key_range keys;
  std::uint64_t limit = 0;         ///< keys answered at most; 0: all
  std::uint64_t at_revision = 0;   ///< the state then; 0: now
  std::uint64_t changed_since = 0; ///< only keys changed at or after this revision
  bool without_values = false;
};
struct range_reply {
  std::uint64_t revision = 0; ///< the store's, at this answer
  std::vector<key_value> found;
  bool more = false;       ///< the limit cut it short
  std::uint64_t count = 0; ///< keys in the range, whatever limit and filter
};
std::string encode(const range_question& asked);
/// Errors: `malformed`, naming the field; `too_large`.
result<range_reply> decode_range(std::string_view body);

struct write {
  std::string key, value;
  bool erase = false;
};
/// One transaction that writes all; keys must differ. Those put go with `lease`.
std::string encode_writes(const std::vector<write>& writes, std::uint64_t lease);
/// Puts `value` if the key was last changed at `mod_revision` (0: if there is none), else reads it.
std::string encode_compare_and_put(std::string_view key, std::uint64_t mod_revision, std::string_view value);

struct txn_reply {
  std::uint64_t revision = 0;
  bool succeeded = false;
  std::vector<key_value> found; ///< what was read because the comparison failed
};
/// Errors as `decode_range`.
result<txn_reply> decode_txn(std::string_view body);

std::string encode_lease_grant(std::uint64_t seconds);
std::string encode_lease_keep_alive(std::uint64_t lease);
struct lease_reply {
  std::uint64_t id = 0;
  std::uint64_t seconds = 0; ///< left; 0: there is no such lease any more
};
/// Of a grant, or of a keep-alive, which comes as a stream of one. Errors as `decode_range`.
result<lease_reply> decode_lease(std::string_view body);

std::string encode_watch(const key_range& keys, std::uint64_t from_revision);
struct watch_event {
  bool erased = false;
  key_value now; ///< without value when erased
};
struct watch_reply {
  std::uint64_t revision = 0;
  bool created = false, canceled = false;
  std::uint64_t compacted = 0; ///< with `canceled`: history before this revision is gone
  std::string reason;          ///< with `canceled`
  std::vector<watch_event> events;
};
/// One line of a watch's stream. Errors: as `decode_range`, and what etcd says instead of a result, as
/// `failure_of`.
result<watch_reply> decode_watch(std::string_view line);

/// The error that an answer other than 200 means, with etcd's own words. `not_found` (an unknown lease),
/// `stale` (compacted), `unauthorized`, `unavailable` (no leader, no quorum, no space), `bad_argument`, else
/// `io`.
error failure_of(unsigned http_status, std::string_view body);

} // namespace sluice::net::etcd
