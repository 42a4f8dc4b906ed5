// Ends a connection on which the peer may still be sending, so that it gets to read the answer: closing with
// bytes unread resets the connection, and takes the answer along (RFC 9112 section 9.6). On its worker.
#pragma once

#include "net/core/socket.hpp"

#include <boost/asio/awaitable.hpp>

namespace sluice::net {

/// Says that nothing more follows, then throws away what comes until the peer ends too, for a limited time
/// and number of bytes.
asio::awaitable<void> linger(socket& connection);

/// As `linger`, but leaves it to the peer to end first.
asio::awaitable<void> await_close(socket& connection);

} // namespace sluice::net
