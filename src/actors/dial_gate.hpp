// Where a dialled connection meets the link that asked for it. The data plane may answer after the link, or
// its whole actor system, has ended: then the gate is closed and the connection with it. Any thread.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/node_context.hpp"

#include <mutex>

namespace sluice::actors {

class dial_gate : public std::enable_shared_from_this<dial_gate> {
public:
  dial_gate(link_actor link, std::chrono::milliseconds handshake_limit)
      : link_(std::move(link)), handshake_limit_(handshake_limit) {}

  /// The link is sent (up_atom, directory) or (down_atom, reason) later, unless the gate closes before.
  void dial(plane::control_sockets& sockets, const std::string& address);
  /// After this returns, nothing reaches the link any more.
  void close();

private:
  void arrived(result<plane::control_line_ptr> line);

  std::mutex mutex_;
  link_actor link_;
  std::chrono::milliseconds handshake_limit_;
};

} // namespace sluice::actors
