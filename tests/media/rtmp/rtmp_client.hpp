// A publisher for tests: the client's half of an RTMP dialogue as bytes, and what a server answered. No
// socket.
#pragma once

#include "media/flv/tag.hpp"
#include "media/rtmp/amf0.hpp"
#include "media/rtmp/chunk_reader.hpp"
#include "media/rtmp/chunk_writer.hpp"
#include "media/rtmp/digest.hpp"

#include <optional>

namespace sluice::test {

using namespace sluice::media;
using namespace sluice::media::rtmp;

/// A string, object or list of AMF0 in little writing.
amf0_value text(std::string_view of);
amf0_value object(std::vector<amf0_property> properties);

/// The bytes a client sends, gathered in `out`.
class rtmp_client {
public:
  /// C0, C1 and C2, the plain handshake.
  void handshake();
  /// C0 and a C1 with a digest; then C2 once the server answered.
  void digest_handshake(digest_schema schema);

  void command(std::vector<amf0_value> values, std::uint32_t stream_id = 0);
  void connect(std::string_view app);
  /// As FMLE does: releaseStream, FCPublish, createStream, _checkbw, publish.
  void publish(std::string_view name);
  void connect_and_publish(std::string_view app, std::string_view name);
  void metadata();
  void media(tag_type type, std::uint32_t timestamp, byte_view data);
  void send(message_type type, byte_view payload, std::uint32_t stream_id = 0, std::uint32_t timestamp = 0);
  void set_chunk_size(std::uint32_t size);

  /// What was gathered, and empties it.
  byte_buffer take();

private:
  chunk_writer writer_;
  byte_buffer out_;
};

/// A message of the server, and its AMF0 values when it is a command.
struct server_message {
  message_type type{};
  std::uint32_t stream_id = 0;
  byte_buffer payload;
  std::vector<amf0_value> values;

  [[nodiscard]] std::string name() const;
  /// Property `code` of the information object (the fourth value).
  [[nodiscard]] std::string code() const;
  [[nodiscard]] std::string description() const;
};

/// Reads what a server sends: S0, S1 and S2, then messages. Bytes may be cut anywhere.
class server_reader {
public:
  std::vector<server_message> read(byte_view bytes);

private:
  std::size_t handshake_left_ = 1 + 2 * handshake_packet_size;
  chunk_reader reader_;
};

/// The first command of that name (and information code); nullptr when there is none.
const server_message* find_command(const std::vector<server_message>& messages, std::string_view name,
                                   std::string_view code = {});

byte_buffer bytes_of(std::string_view text);

/// `size` bytes that differ from their neighbours.
byte_buffer pattern(std::size_t size);

} // namespace sluice::test
