// An operator's connection to one directory, for a program that asks and ends: every call blocks until the
// answer or its limit. Has an actor system of its own. Built, used and destroyed on one thread.
#pragma once

#include "cluster/overview.hpp"
#include "plane/ports.hpp"

#include <chrono>
#include <memory>

namespace sluice::actors {

class operator_line {
public:
  /// `limit`: for CAF's handshake and for each request. `sockets` outlives this.
  operator_line(plane::control_sockets& sockets, std::chrono::milliseconds limit);
  ~operator_line();
  operator_line(const operator_line&) = delete;
  operator_line& operator=(const operator_line&) = delete;

  /// Connects to the first of `addresses` that answers, tried in turn, and says which. Errors: `unavailable`,
  /// with each one's reason.
  result<std::string> connect(const std::vector<std::string>& addresses);

  /// Errors of all: the directory's own; `timed_out`, `unavailable` (the connection ended).
  result<cluster::directory_overview> overview();
  result<std::vector<cluster::node_view>> nodes();
  result<std::vector<cluster::stream_announcement>> streams();
  result<cluster::enumeration> enumerate(const std::string& key, const std::string& zone);
  /// Changes the policy and says what is in force then. Errors: also `not_found` (no such node),
  /// `bad_argument`, `conflict` (somebody else changed it at the same moment).
  result<cluster::directory_overview> change(const cluster::policy_change& what);
  /// False when nothing was frozen.
  result<bool> thaw();

private:
  struct link;
  std::unique_ptr<link> link_;
};

} // namespace sluice::actors
