// Joins RTMP chunks to messages (section 5.3). One per connection, on its worker. All that a peer claims is
// checked against `chunk_limits`, and memory grows only with bytes that came.
#pragma once

#include "base/result.hpp"
#include "media/rtmp/message.hpp"

#include <array>
#include <optional>

namespace sluice::media::rtmp {

struct chunk_limits {
  /// Bytes of one message.
  std::size_t max_message = 8 * 1024 * 1024 + 64 * 1024;
  /// Bytes held for messages of which a part arrived, all chunk streams together.
  std::size_t max_held = 20 * 1024 * 1024;
  /// Chunk streams of one connection.
  std::size_t max_chunk_streams = 64;
};

class chunk_reader {
public:
  explicit chunk_reader(const chunk_limits& limits = {}) : limits_(limits) {}

  /// Takes bytes off the front of `in` until a message is complete, and returns it; nothing when `in` is
  /// used up. The payload is valid until the next call and no longer than the bytes behind `in`: a message
  /// that lies in `in` in one piece is not copied. Set chunk size and abort are obeyed and not returned.
  /// Errors, with the offset of the chunk: `malformed`, `too_large`. After an error it must not be used.
  result<std::optional<message>> next(byte_view& in);

  /// Limits for what comes from now on.
  void limits(const chunk_limits& limits) noexcept { limits_ = limits; }

  /// The chunk size the peer chose.
  [[nodiscard]] std::uint32_t chunk_size() const noexcept { return chunk_size_; }
  /// Bytes of memory held for messages that are not complete, and for the one returned last.
  [[nodiscard]] std::size_t held() const noexcept { return held_; }

private:
  struct chunk_stream {
    std::uint32_t id = 0;
    bool extended = false;       ///< the last header had an extended timestamp
    std::uint32_t field = 0;     ///< the last header's timestamp or delta
    std::uint32_t timestamp = 0; ///< absolute, of the message being read or read last
    std::uint32_t length = 0;
    std::uint32_t stream_id = 0;
    message_type type{};
    byte_buffer partial; ///< what arrived of a message; empty between messages
  };

  /// A chunk's header as it stands in the bytes, before it changes anything.
  struct chunk_header {
    std::size_t size = 0; ///< bytes it takes
    unsigned format = 0;
    std::uint32_t chunk_stream = 0;
    bool extended = false;
    std::uint32_t field = 0;
    std::uint32_t length = 0;
    std::uint32_t stream_id = 0;
    message_type type{};
  };
  /// Basic header 3, message header 11, extended timestamp 4.
  static constexpr std::size_t max_header = 18;

  result<std::optional<message>> read(byte_view& in);
  result<bool> read_header(byte_view& in);
  [[nodiscard]] result<std::optional<chunk_header>> parse_header(byte_view bytes) const;
  [[nodiscard]] const chunk_stream* find(std::uint32_t id) const noexcept;
  [[nodiscard]] result<void> check(const chunk_header& header, const chunk_stream* known) const;
  result<void> begin_chunk(const chunk_header& header);
  result<std::optional<message>> read_payload(byte_view& in);
  result<void> append(chunk_stream& stream, byte_view piece);
  result<bool> obey(const message& m);
  void release_last() noexcept;
  void drop(byte_buffer& buffer) noexcept;
  [[nodiscard]] error fail(errc code, std::string text) const;

  chunk_limits limits_;
  std::uint32_t chunk_size_ = default_chunk_size;
  std::vector<chunk_stream> streams_;
  std::optional<std::size_t> current_; ///< index of the stream whose chunk is being read
  std::size_t chunk_left_ = 0;         ///< payload bytes of that chunk still to come
  std::array<std::uint8_t, max_header> pending_{};
  std::size_t pending_size_ = 0;        ///< bytes of a header that is not complete
  std::array<std::uint8_t, 3> again_{}; ///< its last `again_left_` bytes come before what `next` is given
  std::size_t again_left_ = 0;
  byte_buffer last_;         ///< payload of the message returned last; its memory is used again
  std::size_t held_ = 0;     ///< capacity of last_ and of all partials
  std::uint64_t offset_ = 0; ///< where the header being read starts
};

} // namespace sluice::media::rtmp
