// What an operator can choose, as plain values, after the command line, the environment and the file were
// read and checked. One set of options describes one process.
#pragma once

#include "base/logging.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::roles {

enum class process_role : std::uint8_t { origin, relay, edge, directory, all };
std::string_view name(process_role role) noexcept;

struct options {
  process_role role = process_role::all;
  std::string node_id; ///< empty: made of role and host name
  std::string cluster = "sluice";
  std::string zone;
  double weight = 1;
  std::uint32_t capacity_mbit = 0; ///< what the node can send; 0: not known
  std::uint32_t workers = 0;       ///< 0: one a core

  std::string rtmp_listen = ":1935";
  std::string http_listen = ":8080";
  std::string trunk_listen = "127.0.0.1:8500";
  std::string control_listen = "127.0.0.1:7700";
  std::string trunk_advertise; ///< empty: what `trunk_listen` says
  std::string public_url;      ///< what browsers use for this node
  std::vector<std::string> directories;
  std::string secret_file;
  std::string state_dir;

  std::string record_dir;
  double grace_s = 10;
  std::string second_publisher = "refuse";

  double retain_s = 10;
  std::uint32_t retain_mib = 64;
  std::uint32_t max_tag_mib = 8;
  std::string serve_viewers; ///< `loopback` or `all`; empty: all at an edge, loopback elsewhere
  double max_lag_s = 3;
  double drain_timeout_s = 5;
  std::uint32_t min_coalesce_ms = 0;
  std::uint32_t max_coalesce_ms = 100;
  std::uint32_t max_viewers = 20'000;
  std::uint32_t max_loop_lag_ms = 500; ///< 0: no viewer is refused for it
  std::uint32_t max_connections = 20'000;
  std::uint32_t max_publishers = 5'000;
  std::uint32_t copies = 2;
  std::string store = "memory"; ///< what directories keep: `memory` or `etcd`
  std::string etcd_urls = "http://127.0.0.1:2379";
  std::uint32_t hedge = 1;

  std::uint32_t origins = 1, relays = 3, edges = 2, directory_count = 3; ///< of `--role all`
  std::uint32_t port_shift = 0;

  bool no_failover = false; ///< for tests of the tests: a pull never goes on to another relay
  log_level least = log_level::info;
};

/// Checks what single values cannot show: addresses, secrets, folders. Errors: `bad_argument`, naming the
/// option and what would be right.
result<void> validate(const options& chosen);

} // namespace sluice::roles
