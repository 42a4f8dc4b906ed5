// A proven connection as CAF reads and writes it: every BASP header is checked before CAF gets a byte of it.
// Written for CAF 0.17.6, like `fd_transport`, which makes it; used by CAF's network thread.
#pragma once

#include "actors/basp_header.hpp"
#include "plane/ports.hpp"

#include <caf/io/network/default_multiplexer.hpp>

namespace sluice::actors {

/// What may wait for a peer that does not read; with more the connection is ended.
constexpr std::size_t max_unread = 8 * max_basp_payload;

/// `remote`: whose headers are to be expected.
caf::io::scribe_ptr make_checked_scribe(caf::io::network::default_multiplexer& network,
                                        plane::control_line_ptr line, basp_sender remote);

} // namespace sluice::actors
