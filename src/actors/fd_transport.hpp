// Hands proven connections to CAF. With `checked_scribe`, what touches CAF's internals (BASP broker,
// multiplexer, streams), written for 0.17.6. Any thread.
#pragma once

#include "actors/interfaces.hpp"
#include "plane/ports.hpp"

#include <chrono>

namespace sluice::actors {

/// Takes over `line`, whose other end is a directory, and does CAF's handshake on it. `listener` is sent
/// (up_atom, handle) of the peer's directory, or (down_atom, reason), exactly once and within `limit`, unless
/// the system ends before.
void connect_line(caf::actor_system& sys, plane::control_line_ptr line, link_actor listener,
                  std::chrono::milliseconds limit);

/// Takes over `line`, whose other end is a node that wants to talk to `directory`.
void serve_line(caf::actor_system& sys, plane::control_line_ptr line, const directory_actor& directory);

} // namespace sluice::actors
