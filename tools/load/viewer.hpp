// One viewer on a loopback socket, over ws:// or http://. Driven by the caller's loop.
#pragma once

#include "follower.hpp"

#include <memory>

namespace sluice::load {

/// How a viewer behaves.
enum class manner : std::uint8_t {
  checked, ///< follows every picture
  counted, ///< follows up to its first picture, then only counts bytes, which the kernel throws away
  slow,    ///< reads a tenth of what comes
  stopped  ///< stops reading after its first picture
};

struct viewer_place {
  bool websocket = true;
  std::uint16_t port = 0;
  std::string path;
};

class load_viewer {
public:
  /// Connects from the loopback address 127.0.0.`from` and asks for the stream.
  load_viewer(const viewer_place& to, unsigned from, manner how, findings& found, known_pictures& known);
  ~load_viewer();
  load_viewer(const load_viewer&) = delete;
  load_viewer& operator=(const load_viewer&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] manner how() const noexcept { return how_; }
  /// Why it is over; empty while it goes on.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Microseconds from the start of its connection to the first byte of media, and to the first whole
  /// picture; 0: not yet.
  [[nodiscard]] std::uint64_t first_byte_us() const noexcept { return first_byte_us_; }
  [[nodiscard]] std::uint64_t first_picture_us() const noexcept { return first_picture_us_; }
  /// The longest time without a byte since `forget_gaps`.
  [[nodiscard]] std::uint64_t longest_gap_us(std::uint64_t now_us) const noexcept;
  void forget_gaps(std::uint64_t now_us) noexcept { longest_gap_us_ = 0, last_byte_us_ = now_us; }
  /// How old the newest picture is that it has, as far as it follows pictures; 0 before one.
  [[nodiscard]] std::uint64_t behind_us(std::uint64_t now_us) const noexcept {
    return follower_.newest_sent_us() == 0 ? 0 : now_us - follower_.newest_sent_us();
  }

  /// Reads what is there, at most `limit` bytes.
  void read(std::size_t limit, std::uint64_t now_us);

private:
  void ask();
  byte_view read_header(byte_view bytes);
  void unframe(byte_view bytes, std::uint64_t now_us);
  void take_media(byte_view bytes, std::uint64_t now_us);
  void on_control();
  void fail(std::string why);

  viewer_place to_;
  manner how_;
  follower follower_;
  int fd_ = -1;
  std::string failure_;
  std::uint64_t started_us_, first_byte_us_ = 0, first_picture_us_ = 0;
  std::uint64_t last_byte_us_ = 0, longest_gap_us_ = 0;
  std::uint64_t bytes_ = 0;
  bool answered_ = false;
  std::string header_;
  std::string control_; ///< a control frame's payload
  byte_buffer frame_;   ///< a frame's header
  std::uint64_t payload_left_ = 0;
};

} // namespace sluice::load
