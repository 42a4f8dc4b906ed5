// What the etcd store is told and what it counts. Values; the counters are written on the store's worker and
// read by any thread.
#pragma once

#include "base/host_port.hpp"
#include "base/ids.hpp"
#include "net/store/etcd_client.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace sluice::net {

struct etcd_options {
  std::vector<host_port> servers; ///< not empty; tried in turn. From `etcd::parse_urls`
  std::string prefix = "/sluice"; ///< of every key
  std::string cluster = "sluice"; ///< a valid name; clusters share an etcd without knowing of each other
  node_id directory;              ///< who writes
  std::chrono::milliseconds request_limit{3'000}; ///< one answer of one server
  std::chrono::milliseconds check_every{3'000};   ///< how often the watch is held against the store
  /// Relays put by a directory that died for good go after this.
  std::chrono::seconds lease{300};
  std::chrono::milliseconds retry_least{100}, retry_most{5'000}; ///< pauses between attempts; jittered
};

struct etcd_counters {
  etcd::client_counters http;
  counter losses;      ///< times the store was lost after it had answered
  counter lists;       ///< complete lists read
  counter compactions; ///< lists read again because the watch's history was gone
  counter events;      ///< changes heard by the watch
  counter malformed;   ///< replies and values that could not be read
  counter written;     ///< relays put or erased
  counter dropped;     ///< relays not kept for writing because too many were
  counter conflicts;   ///< policies refused because somebody else had changed it
  counter revision;    ///< gauge: greatest mod_revision seen
  counter fresh;       ///< gauge: 1 while the store answers
  counter relays;      ///< gauge: in the last contents
  counter waiting;     ///< gauge: relays not written yet
};

} // namespace sluice::net
