// The header of a WebSocket message that is one frame (RFC 6455 section 5.2), and the mask of a client's
// payload, for those who write their frames straight to the kernel. Values; any thread.
#pragma once

#include <boost/asio/buffer.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

namespace sluice::net {

class frame_head {
public:
  enum class opcode : std::uint8_t { text = 1, binary = 2 };
  /// What a client masks its payload with; a server sends none.
  using mask = std::span<const std::uint8_t>;

  /// Good until the next call. `key` is of 4 bytes, or empty.
  boost::asio::const_buffer of(opcode kind, std::size_t payload, mask key = {}) {
    bytes_[0] = static_cast<std::uint8_t>(0x80 | static_cast<unsigned>(kind));
    size_ = 2;
    if (payload < 126)
      set_length(payload, 0, 0, key);
    else if (payload <= 0xffff)
      set_length(126, 2, payload, key);
    else
      set_length(127, 8, payload, key);
    for (auto byte : key)
      bytes_[size_++] = byte;
    return {bytes_.data(), size_};
  }

private:
  void set_length(std::size_t first, std::size_t more, std::uint64_t payload, mask key) {
    bytes_[1] = static_cast<std::uint8_t>(first | (key.empty() ? 0 : 0x80));
    for (; more > 0; --more)
      bytes_[size_++] = static_cast<std::uint8_t>(payload >> (8 * (more - 1)));
  }

  std::array<std::uint8_t, 14> bytes_;
  std::size_t size_ = 0;
};

/// Masks a whole payload with a key of 4 bytes (RFC 6455 section 5.3).
inline void mask_payload(std::span<char> payload, frame_head::mask key) noexcept {
  std::array<char, 8> twice;
  for (std::size_t i = 0; i < twice.size(); ++i)
    twice[i] = static_cast<char>(key[i % 4]);
  std::uint64_t wide = 0, word = 0;
  std::memcpy(&wide, twice.data(), sizeof wide);
  std::size_t at = 0;
  for (; payload.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, &payload[at], sizeof word);
    word ^= wide;
    std::memcpy(&payload[at], &word, sizeof word);
  }
  for (; at < payload.size(); ++at)
    payload[at] = static_cast<char>(payload[at] ^ twice[at % 4]);
}

} // namespace sluice::net
