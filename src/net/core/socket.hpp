// The data plane's socket type: TCP with a concrete executor, so that no operation goes through a type-erased
// one, and the options every long-lived connection gets. On the connection's worker.
#pragma once

#include "net/core/worker.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace sluice::net {

using tcp = asio::ip::tcp;
using socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;

/// No Nagle; at most ~128 KiB unsent in the kernel beyond what the peer's window takes; a peer that
/// acknowledges nothing for 10 s is dead. The send buffer stays at the kernel's autotuning.
void tune(socket& s);

/// Has the peer's bytes acknowledged as they are read. Linux takes a connection for a dialogue once this side
/// answered, and then holds acknowledgements back, for which the sender pays. Good until this side sends.
void acknowledge_reads(socket& s);

/// Sends what the kernel takes now; 0 without `failed` when it takes nothing. At most 8 buffers.
std::size_t write_now(socket& s, std::span<const asio::const_buffer> bytes,
                      boost::system::error_code& failed) noexcept;

/// Takes `sent` bytes off the front of a message's buffers.
template <std::size_t N>
void drop_front(std::array<asio::const_buffer, N>& bytes, std::size_t sent) noexcept {
  for (auto& part : bytes) {
    auto here = std::min(sent, part.size());
    part += here;
    sent -= here;
  }
}

/// The peer's address without port, for logs and authorisation.
std::string peer_address(const socket& s);

/// The same connection on another worker: nothing may be pending on `s`, which is left closed. Errors: `io`.
result<socket> move_to(worker& to, socket s);

} // namespace sluice::net
