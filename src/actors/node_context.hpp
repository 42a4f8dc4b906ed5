// What the actors of one node share: who the node is, its directories, its limits, and the two ports. Made
// by the assembly before the actors and never changed; any thread.
#pragma once

#include "actors/status_board.hpp"
#include "base/logging.hpp"
#include "cluster/directory_state.hpp"
#include "plane/ports.hpp"

#include <chrono>
#include <memory>

namespace sluice::actors {

struct control_limits {
  std::chrono::milliseconds heartbeat{1000};   ///< interval, jittered by a tenth
  std::chrono::milliseconds request{1000};     ///< registering, beats
  std::chrono::milliseconds handshake{2000};   ///< CAF's, after the guard's
  std::chrono::milliseconds enumerate{175};    ///< per directory
  std::chrono::milliseconds recall{200};       ///< all directories at once
  std::chrono::milliseconds redial_least{100}; ///< doubled on each failure, jittered by half
  std::chrono::milliseconds redial_most{2000};
  std::chrono::milliseconds lease_period{5000}; ///< the directories'; for the merging of lists
  std::chrono::milliseconds leave{300};         ///< at the end, to be dropped at once
};

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

std::uint64_t unix_ms_now() noexcept;

} // namespace sluice::actors
