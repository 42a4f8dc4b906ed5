// One RTMP publisher on a non-blocking loopback socket: sends the film over and over, each picture marked
// with the time. Driven by the caller's loop.
#pragma once

#include "clip.hpp"
#include "media/rtmp/chunk_writer.hpp"

#include <chrono>

namespace sluice::load {

class rtmp_publisher {
public:
  using clock = std::chrono::steady_clock;

  /// Connects and asks to publish; `film` outlives this.
  rtmp_publisher(const clip& film, std::uint16_t port, const std::string& app, const std::string& name);
  ~rtmp_publisher();
  rtmp_publisher(const rtmp_publisher&) = delete;
  rtmp_publisher& operator=(const rtmp_publisher&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  /// Why it is over; empty while it goes on.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] bool started() const noexcept { return started_; }
  /// When the next tag is to be sent.
  [[nodiscard]] clock::time_point due() const;
  [[nodiscard]] std::uint64_t sent_bytes() const noexcept { return sent_bytes_; }
  /// Greatest time a tag waited because the server did not read.
  [[nodiscard]] clock::duration worst_delay() const noexcept { return worst_delay_; }

  /// From `now` on the film plays.
  void begin(clock::time_point now) { begin_ = now; }
  /// Sends what is due.
  void advance(clock::time_point now);
  void on_readable();
  void on_writable() { flush(); }

private:
  void ask(const std::string& app, const std::string& name);
  void send(media::rtmp::message_type type, byte_view payload, std::uint32_t stream, std::uint32_t timestamp);
  void flush();
  void fail(std::string why);

  const clip& film_;
  int fd_ = -1;
  bool started_ = false;
  std::string failure_, answer_;
  media::rtmp::chunk_writer writer_;
  byte_buffer out_;
  std::size_t out_at_ = 0;
  clock::time_point begin_{};
  std::size_t next_ = 0;
  std::uint32_t round_ms_ = 0;
  std::uint64_t pictures_ = 0, sent_bytes_ = 0;
  clock::duration worst_delay_{};
};

} // namespace sluice::load
