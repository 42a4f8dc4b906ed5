// What a node's actors let others see at any time: which directories are connected, and the relay list in
// force. Written by the actors, read by any thread.
#pragma once

#include "cluster/model.hpp"
#include "plane/ports.hpp"

#include <memory>
#include <mutex>

namespace sluice::actors {

class status_board {
public:
  explicit status_board(const std::vector<std::string>& directories);

  void heard(std::size_t directory, std::uint64_t unix_ms);
  void lost(std::size_t directory, std::string problem);
  void set_list(std::shared_ptr<const cluster::snapshot> list, std::uint64_t unix_ms);

  void set_store_lost(bool lost);

  [[nodiscard]] plane::control_status read() const;
  /// Null before any list was seen.
  [[nodiscard]] std::shared_ptr<const cluster::snapshot> list() const;

private:
  mutable std::mutex mutex_;
  plane::control_status status_;
  std::shared_ptr<const cluster::snapshot> list_;
};

} // namespace sluice::actors
