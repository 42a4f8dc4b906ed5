#include "actors/status_board.hpp"

#include "actors/node_context.hpp"
#include "cluster/algorithm.hpp"

namespace sluice::actors {

status_board::status_board(const std::vector<std::string>& directories) {
  for (const auto& address : directories) {
    plane::directory_status one;
    one.address = address;
    one.problem = "not connected yet";
    status_.directories.push_back(std::move(one));
  }
}

void status_board::heard(std::size_t directory, std::uint64_t unix_ms) {
  std::lock_guard lock(mutex_);
  if (directory >= status_.directories.size()) return;
  auto& one = status_.directories[directory];
  one.connected = true;
  one.problem.clear();
  one.last_heard_unix_ms = unix_ms;
}

void status_board::lost(std::size_t directory, std::string problem) {
  std::lock_guard lock(mutex_);
  if (directory >= status_.directories.size()) return;
  status_.directories[directory].connected = false;
  status_.directories[directory].problem = std::move(problem);
}

void status_board::set_list(std::shared_ptr<const cluster::snapshot> list, std::uint64_t unix_ms) {
  std::lock_guard lock(mutex_);
  status_.has_snapshot = true;
  status_.digest = list->digest;
  status_.algorithm_unknown = !cluster::find_algorithm(list->rules.algorithm);
  status_.snapshot_unix_ms = unix_ms;
  list_ = std::move(list);
}

void status_board::set_loads(cluster::relay_loads loads) {
  std::lock_guard lock(mutex_);
  loads_ = std::move(loads);
}

void status_board::set_store_lost(bool lost) {
  std::lock_guard lock(mutex_);
  status_.store_lost = lost;
}

plane::control_status status_board::read() const {
  std::lock_guard lock(mutex_);
  return status_;
}

cluster::relay_loads status_board::loads() const {
  std::lock_guard lock(mutex_);
  return loads_;
}

std::shared_ptr<const cluster::snapshot> status_board::list() const {
  std::lock_guard lock(mutex_);
  return list_;
}

} // namespace sluice::actors
