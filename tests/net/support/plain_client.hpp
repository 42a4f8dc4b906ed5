// Blocking clients that share no code with the servers they test: a TCP connection, and a WebSocket on it.
// Every wait ends after five seconds.
#pragma once

#include "base/bytes.hpp"

#include <string>

namespace sluice::test {

class plain_client {
public:
  /// `receive_buffer`: bytes the kernel keeps for this side, 0 for its default.
  explicit plain_client(std::uint16_t port, int receive_buffer = 0);
  ~plain_client();
  plain_client(const plain_client&) = delete;
  plain_client& operator=(const plain_client&) = delete;

  /// False when the peer is gone.
  bool send(std::string_view text);
  bool send(byte_view bytes);
  void end_sending();
  void close();

  /// Up to and with the empty line; what came so far when the peer ended.
  std::string read_head();
  /// Exactly `n` bytes, or fewer when the peer ended.
  byte_buffer read(std::size_t n);
  /// What is here, at least a byte; nothing when the peer ended.
  byte_buffer read_some();
  byte_buffer read_to_end();
  std::string read_text_to_end();
  /// The peer ended within the time, and nothing more came.
  bool ended();
  /// Nothing can be read now, nor within `ms`.
  bool silent(int ms);

private:
  bool fill();

  int fd_ = -1;
  byte_buffer have_;
  bool over_ = false;
};

/// GET `target` on a connection of its own; the whole answer.
std::string get(std::uint16_t port, const std::string& target);
std::string request(std::uint16_t port, const std::string& text);

struct ws_frame {
  int opcode = -1; ///< -1: the connection ended
  byte_buffer payload;
  /// Of a close frame; 0 without one.
  [[nodiscard]] int close_code() const;
};

class ws_client : public plain_client {
public:
  using plain_client::plain_client;
  /// The response header.
  std::string upgrade(const std::string& target);
  ws_frame next();
  /// Binary payloads until `n` bytes came, or the end.
  byte_buffer media(std::size_t n);
  /// Skips media until a close frame or the end.
  ws_frame until_close();
  /// Masked, as clients must.
  void say(int opcode, byte_view payload);
};

/// The header's value, empty without it.
std::string header_value(const std::string& head, const std::string& name);

} // namespace sluice::test
