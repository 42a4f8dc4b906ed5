// What the actors of one node share: who the node is, its directories, its limits, and the two ports. Made
// by the assembly before the actors and never changed; any thread.
#pragma once

#include "actors/control_limits.hpp"
#include "actors/status_board.hpp"
#include "base/logging.hpp"
#include "base/unix_time.hpp"
#include "cluster/directory_state.hpp"
#include "plane/ports.hpp"

#include <memory>

namespace sluice::actors {

struct node_context {
  cluster::node_registration self;
  std::vector<std::string> directories; ///< `host:port`
  control_limits limits;
  std::string list_file;                     ///< where the last relay list is kept; empty: nowhere
  plane::control_sockets* sockets = nullptr; ///< outlives the actors
  plane::data* data = nullptr;               ///< outlives the actors; may be null
  std::shared_ptr<status_board> board;
  logger log;
};
using node_context_ptr = std::shared_ptr<const node_context>;

} // namespace sluice::actors
