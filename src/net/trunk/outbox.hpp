// What a link has not written yet: whole WebSocket frames in the order they go out, in batches of one call of
// the kernel. Owned by a link; on its worker.
#pragma once

#include "net/core/frame_head.hpp"
#include "net/core/secret.hpp"
#include "stream/log_view.hpp"

#include <algorithm>
#include <array>
#include <list>
#include <span>
#include <string>
#include <string_view>

namespace sluice::net::trunk {

class outbox {
public:
  /// A batch: frames as they are, and of the last one the payload apart.
  using buffers = std::array<boost::asio::const_buffer, 3>;

  /// From now on frames are masked, as a client's must be (RFC 6455 section 5.3); their payload is copied.
  void mask() noexcept { masks_ = true; }
  [[nodiscard]] bool masks() const noexcept { return masks_; }

  [[nodiscard]] bool empty() const noexcept { return batches_.empty(); }
  /// Texts added since it was last empty.
  [[nodiscard]] std::size_t texts() const noexcept { return texts_; }

  /// Puts a text behind everything else. `first_is_fixed`: the first batch is being written.
  void add_text(std::string_view text, bool first_is_fixed) {
    ++texts_;
    add(frame_head::opcode::text, std::array{as_bytes(text)}, false, first_is_fixed);
  }
  /// The same for log bytes, which `pin_last` may keep.
  void add_piece(const stream::log_bytes& bytes, bool first_is_fixed) {
    add(frame_head::opcode::binary, bytes.parts, true, first_is_fixed);
  }
  /// Makes `heads`, bytes of frames, and the payload of the last of them the first batch; there is no other.
  void begin(std::span<const boost::asio::const_buffer> heads, const stream::log_bytes& bytes) {
    auto& out = batches_.emplace_back();
    for (auto part : heads)
      append(out.frames, part);
    out.payload = bytes.parts;
    out.has_piece = true;
  }
  /// Log bytes that are not copied stay good as long as their segments.
  void pin_last(stream::segment_pins pins) { batches_.back().pins = std::move(pins); }

  [[nodiscard]] buffers front() const {
    const auto& out = batches_.front();
    return {boost::asio::buffer(out.frames), as_buffer(out.payload[0]), as_buffer(out.payload[1])};
  }
  /// Forgets the first batch. Whether it had log bytes.
  bool pop() {
    bool piece = batches_.front().has_piece;
    batches_.pop_front();
    if (batches_.empty()) texts_ = 0;
    return piece;
  }

  static boost::asio::const_buffer as_buffer(byte_view bytes) noexcept {
    return {bytes.data(), bytes.size()};
  }

private:
  struct batch {
    std::string frames;
    std::array<byte_view, 2> payload{};
    bool has_piece = false; ///< the last frame has log bytes
    stream::segment_pins pins{};
  };

  void add(frame_head::opcode kind, std::span<const byte_view> payload, bool piece, bool first_is_fixed) {
    bool fixed = first_is_fixed && batches_.size() == 1;
    if (batches_.empty() || batches_.back().has_piece || fixed) batches_.emplace_back();
    auto& out = batches_.back();
    out.has_piece = piece;
    std::size_t size = 0;
    for (auto part : payload)
      size += part.size();
    if (masks_) return add_masked(out.frames, kind, payload, size);
    frame_head head;
    append(out.frames, head.of(kind, size));
    if (piece)
      std::copy(payload.begin(), payload.end(), out.payload.begin());
    else
      out.frames.append(as_text(payload.front()));
  }

  static void add_masked(std::string& to, frame_head::opcode kind, std::span<const byte_view> payload,
                         std::size_t size) {
    auto random = random_nonce();
    auto key = frame_head::mask(random).first(4);
    frame_head head;
    append(to, head.of(kind, size, key));
    auto from = to.size();
    for (auto part : payload)
      to.append(as_text(part));
    mask_payload(std::span(to).subspan(from), key);
  }

  static void append(std::string& to, boost::asio::const_buffer bytes) {
    to.append(static_cast<const char*>(bytes.data()), bytes.size());
  }

  bool masks_ = false;
  std::list<batch> batches_;
  std::size_t texts_ = 0;
};

} // namespace sluice::net::trunk
