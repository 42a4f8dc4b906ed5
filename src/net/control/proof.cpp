#include "net/control/proof.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sluice::net {

using asio::ip::tcp;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

struct preamble {
  std::string cluster;
  nonce random{};
};

byte_buffer write_preamble(const proof_identity& self, const nonce& random) {
  byte_buffer bytes;
  byte_writer out(bytes);
  out.text(proof_magic);
  out.text(self.cluster);
  bytes.resize(proof_magic.size() + max_cluster_name, 0);
  out.bytes(random);
  return bytes;
}

asio::awaitable<result<void>> send(tcp::socket& peer, const byte_buffer& bytes) {
  auto [failure, size] = co_await asio::async_write(peer, asio::buffer(bytes), token);
  if (failure) co_return error{errc::io, failure.message()};
  co_return result<void>{};
}

asio::awaitable<result<void>> receive(tcp::socket& peer, std::span<std::uint8_t> bytes) {
  auto [failure, size] = co_await asio::async_read(peer, asio::buffer(bytes.data(), bytes.size()), token);
  if (failure == asio::error::eof) co_return error{errc::closed, "the peer closed the connection"};
  if (failure) co_return error{errc::io, failure.message()};
  co_return result<void>{};
}

asio::awaitable<result<preamble>> receive_preamble(tcp::socket& peer) {
  // The magic is read apart, so that a peer that speaks something else is told at once.
  std::array<std::uint8_t, proof_magic.size()> magic{};
  if (auto ok = co_await receive(peer, magic); !ok) co_return ok.error();
  if (as_text(magic) != proof_magic)
    co_return error{errc::malformed, "the peer does not speak SLUICE-CONTROL/1"};
  std::array<std::uint8_t, max_cluster_name> name{};
  preamble out;
  if (auto ok = co_await receive(peer, name); !ok) co_return ok.error();
  if (auto ok = co_await receive(peer, out.random); !ok) co_return ok.error();
  auto text = as_text(name);
  out.cluster = std::string(text.substr(0, text.find('\0')));
  co_return out;
}

error other_cluster() {
  return {errc::conflict, "the peer belongs to another cluster (--cluster differs)"};
}
error other_secret() {
  return {errc::unauthorized, "the peer has another cluster secret (--secret-file differs)"};
}

result<void> judge(std::uint8_t verdict) {
  switch (static_cast<proof_verdict>(verdict)) {
  case proof_verdict::welcome:
    return {};
  case proof_verdict::wrong_secret:
    return other_secret();
  }
  return error{errc::malformed, fmt::format("the peer's verdict is {}; 1 and 2 are known", verdict)};
}

mac code(std::string_view role, const proof_identity& self, const nonce& own, const nonce& peer) {
  return hmac_sha256(self.secret, {as_bytes(role), own, peer, as_bytes(self.cluster)});
}

} // namespace

mac client_code(const proof_identity& self, const nonce& client, const nonce& server) {
  return code("sluice control client", self, client, server);
}

mac server_code(const proof_identity& self, const nonce& client, const nonce& server) {
  return code("sluice control server", self, server, client);
}

asio::awaitable<result<void>> prove_as_client(tcp::socket& peer, proof_identity self) {
  auto own = random_nonce();
  if (auto ok = co_await send(peer, write_preamble(self, own)); !ok) co_return ok.error();
  auto theirs = co_await receive_preamble(peer);
  if (!theirs) co_return theirs.error();
  if (theirs->cluster != self.cluster) co_return other_cluster();
  auto proof = client_code(self, own, theirs->random);
  if (auto ok = co_await send(peer, byte_buffer(proof.begin(), proof.end())); !ok) co_return ok.error();
  std::array<std::uint8_t, 1> verdict{};
  if (auto ok = co_await receive(peer, verdict); !ok) co_return ok.error();
  if (auto ok = judge(verdict[0]); !ok) co_return ok.error();
  mac answer{};
  if (auto ok = co_await receive(peer, answer); !ok) co_return ok.error();
  if (!equal_in_constant_time(answer, server_code(self, own, theirs->random))) co_return other_secret();
  co_return result<void>{};
}

asio::awaitable<result<void>> prove_as_server(tcp::socket& peer, proof_identity self) {
  auto own = random_nonce();
  // Nothing is sent to a peer that has not shown the magic: a scanner learns nothing.
  auto theirs = co_await receive_preamble(peer);
  if (!theirs) co_return theirs.error();
  if (auto ok = co_await send(peer, write_preamble(self, own)); !ok) co_return ok.error();
  // The client knows from our preamble that the cluster is another.
  if (theirs->cluster != self.cluster) co_return other_cluster();
  mac proof{};
  if (auto ok = co_await receive(peer, proof); !ok) co_return ok.error();
  bool proven = equal_in_constant_time(proof, client_code(self, theirs->random, own));
  byte_buffer answer{
      static_cast<std::uint8_t>(proven ? proof_verdict::welcome : proof_verdict::wrong_secret)};
  // Only a proven client gets a code of ours: others could otherwise gather codes to guess the secret from.
  if (proven) {
    auto code_bytes = server_code(self, theirs->random, own);
    answer.insert(answer.end(), code_bytes.begin(), code_bytes.end());
  }
  if (auto ok = co_await send(peer, answer); !ok) co_return ok.error();
  if (!proven) co_return other_secret();
  co_return result<void>{};
}

} // namespace sluice::net
