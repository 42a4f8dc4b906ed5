// Who holds a TCP port on this machine, read from /proc, so that "address in use" can name the culprit.
// Any thread; only asked when a bind failed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::net {

struct port_owner {
  int pid = 0;
  std::string name; ///< the program's short name (/proc/PID/comm)
};

/// The process that listens on `port` (any address); nothing when it belongs to another user or is gone.
std::optional<port_owner> find_port_owner(std::uint16_t port);

} // namespace sluice::net
