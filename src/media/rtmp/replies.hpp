// What a server says: protocol control messages and commands (sections 5.4, 6.2 and 7), gathered as bytes to
// send. One per connection, owned by its session, on its worker.
#pragma once

#include "media/rtmp/amf0.hpp"
#include "media/rtmp/chunk_writer.hpp"

namespace sluice::media::rtmp {

class replies {
public:
  void set_chunk_size(std::uint32_t size);
  void acknowledgement(std::uint32_t bytes_received);
  void window_ack_size(std::uint32_t bytes);
  /// Limit type 2, "dynamic".
  void set_peer_bandwidth(std::uint32_t bytes);
  void user_control(user_event event, std::uint32_t value);

  /// `_result` to the call `transaction`.
  void result_of(double transaction, const amf0_value& object, const amf0_value& information);
  /// `_error` to the call `transaction`.
  void error_of(double transaction, std::string_view code, std::string_view description);
  /// `onStatus` on a message stream; `level` is "status" or "error".
  void status(std::uint32_t stream_id, std::string_view level, std::string_view code,
              std::string_view description);
  /// A command nobody waits for, such as `onFCPublish`, with an information object.
  void notify(std::string_view command, std::string_view code, std::string_view description);

  /// Bytes to send; what is appended here goes out in order.
  [[nodiscard]] byte_buffer& buffer() noexcept { return out_; }

private:
  void control(message_type type, byte_view payload);
  void command(std::uint32_t chunk_stream, std::uint32_t stream_id, std::initializer_list<amf0_value> values);

  chunk_writer writer_;
  byte_buffer out_;
};

} // namespace sluice::media::rtmp
