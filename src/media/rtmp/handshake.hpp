// The server's side of the RTMP handshake (section 5.2), fed by pieces of any size. One per connection, on
// its worker. It holds one packet, however slowly or long the peer sends.
#pragma once

#include "base/result.hpp"
#include "media/rtmp/digest.hpp"

namespace sluice::media::rtmp {

class server_handshake {
public:
  /// `seed` fills the random bytes of S1; they protect nothing, so any number will do.
  explicit server_handshake(std::uint64_t seed) : random_(seed) {}

  /// Takes what belongs to the handshake off the front of `in`; appends S0, S1 and S2 to `out` once C1 is
  /// complete. A C1 that carries a valid digest is answered with digests, any other with its echo.
  /// Error: `malformed` (the first byte is not version 3), saying what the peer seems to speak.
  result<void> feed(byte_view& in, byte_buffer& out);

  /// C2 has come; what follows are chunks.
  [[nodiscard]] bool done() const noexcept { return state_ == state::done; }
  /// Whether the client's digest was found.
  [[nodiscard]] bool with_digest() const noexcept { return with_digest_; }

private:
  enum class state { version, c1, c2, done };

  void answer(byte_buffer& out);
  void fill_random(std::span<std::uint8_t> bytes) noexcept;

  state state_ = state::version;
  std::uint64_t random_;
  bool with_digest_ = false;
  std::size_t received_ = 0; ///< bytes of the packet being read
  handshake_packet c1_{};
};

} // namespace sluice::media::rtmp
