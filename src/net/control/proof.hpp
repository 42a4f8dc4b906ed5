// Proves the cluster secret both ways before a control connection carries anything else.
//
// Both sides send a preamble: magic, cluster name, nonce. The client then sends its code, the server answers
// with a verdict byte and, if it is `welcome`, its own code. A code is HMAC-SHA256 over the sender's role,
// its own nonce, the peer's nonce and the cluster name; as the role is part of it, a code cannot be sent back
// to its maker. Used by the guard, on its worker.
#pragma once

#include "base/result.hpp"
#include "net/core/secret.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace sluice::net {

namespace asio = boost::asio;

constexpr std::string_view proof_magic = "SLUICE-CONTROL/1\n";
constexpr std::size_t max_cluster_name = 64;
constexpr std::size_t proof_preamble_size = proof_magic.size() + max_cluster_name + sizeof(nonce);

/// The server's word on a client's code; `welcome` is followed by the server's code.
enum class proof_verdict : std::uint8_t { welcome = 1, wrong_secret };

struct proof_identity {
  std::string cluster; ///< at most `max_cluster_name` characters
  std::string secret;
};

/// Both return when the peer has proven itself. Errors: `malformed` (no preamble), `conflict` (another
/// cluster), `unauthorized` (another secret), `io`. The caller bounds the time by closing the socket.
asio::awaitable<result<void>> prove_as_client(asio::ip::tcp::socket& peer, proof_identity self);
asio::awaitable<result<void>> prove_as_server(asio::ip::tcp::socket& peer, proof_identity self);

/// The codes, apart for tests.
mac client_code(const proof_identity& self, const nonce& client, const nonce& server);
mac server_code(const proof_identity& self, const nonce& client, const nonce& server);

} // namespace sluice::net
