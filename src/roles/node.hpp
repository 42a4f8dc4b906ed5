// One node of one role, put together: its threads, streams, listeners and its part of the control plane.
// A process has one, or with `--role all` a whole cluster of them that talk over real sockets.
#pragma once

#include "base/host_port.hpp"
#include "base/logging.hpp"
#include "cluster/model.hpp"
#include "roles/options.hpp"

#include <chrono>
#include <memory>

namespace sluice::roles {

/// What this one node is; everything else comes from the process's options.
struct node_identity {
  cluster::node_role role = cluster::node_role::edge;
  node_id id;
  std::uint32_t workers = 1;
  host_port http, rtmp, trunk, control;
  std::string trunk_advertise; ///< empty: the trunk's listen address
  std::string public_url;
  std::vector<std::string> directories;
  std::string state_dir; ///< empty: nothing is kept
};

/// The ports in use, for the start-up block and tests; 0 where the role has none.
struct node_ports {
  std::uint16_t http = 0, rtmp = 0, trunk = 0, control = 0;
};

/// How it stands with the directories, for the start-up lines.
struct control_status_text {
  std::size_t connected = 0, known = 0;
  std::string each; ///< `a:7700 connected, b:7700 refused`
  std::string list; ///< what relay list there is meanwhile
};

struct node_parts;

class node {
public:
  node(node_identity identity, const options& chosen, std::string secret);
  /// As `stop`.
  ~node();

  /// Opens every listener, then serves. Errors: `io`, `bad_argument`, as an operator can act on them; the
  /// node is of no use then.
  result<node_ports> start();

  /// No viewer and no publisher is taken any more; viewers are told to go elsewhere, over `within`, and the
  /// directories that this node is leaving. What is here goes on.
  void drain(std::chrono::milliseconds within);
  /// Nobody needs this node: no viewers, no nodes that pull from it, no publishers.
  [[nodiscard]] bool idle() const;
  /// Orderly end: viewers get their close frames, streams end, threads are joined. Takes up to ~3 s.
  void stop();

  [[nodiscard]] const node_identity& identity() const noexcept;
  [[nodiscard]] control_status_text directories() const;

private:
  std::unique_ptr<node_parts> parts_;
};

} // namespace sluice::roles
