// What a node's actors let others see at any time: which directories are connected, the relay list in force
// and how busy its relays are. Written by the actors, read by any thread.
#pragma once

#include "cluster/load.hpp"
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

  void set_loads(cluster::relay_loads loads);
  void set_store_lost(bool lost);

  [[nodiscard]] plane::control_status read() const;
  /// Null before any list was seen.
  [[nodiscard]] std::shared_ptr<const cluster::snapshot> list() const;
  /// How busy the relays are, as far as is known.
  [[nodiscard]] cluster::relay_loads loads() const;

private:
  mutable std::mutex mutex_;
  plane::control_status status_;
  std::shared_ptr<const cluster::snapshot> list_;
  cluster::relay_loads loads_;
};

} // namespace sluice::actors
