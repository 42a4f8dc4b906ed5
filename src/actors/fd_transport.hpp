// Hands descriptors of connected, checked sockets to CAF. The one file that touches CAF's internals (BASP
// broker, multiplexer), written for 0.17.6. Any thread.
#pragma once

#include "actors/interfaces.hpp"

#include <chrono>

namespace sluice::actors {

/// Takes over `fd`, whose other end leads to a directory, and does CAF's handshake on it. `listener` is sent
/// (up_atom, handle) of the peer's directory, or (down_atom, reason), exactly once and within `limit`, unless
/// the system ends before.
void connect_fd(caf::actor_system& sys, int fd, link_actor listener, std::chrono::milliseconds limit);

/// Takes over `fd`, whose other end is a node that wants to talk to `directory`.
void serve_fd(caf::actor_system& sys, int fd, const directory_actor& directory);

} // namespace sluice::actors
