// The server's side of one RTMP connection that publishes: bytes in, bytes out, and what happened, told to a
// handler. Owned by the connection, on its worker; it opens no socket and knows no clock.
#pragma once

#include "base/ids.hpp"
#include "media/flv/tag.hpp"
#include "media/rtmp/chunk_reader.hpp"
#include "media/rtmp/handshake.hpp"
#include "media/rtmp/replies.hpp"

namespace sluice::media::rtmp {

/// Told what happens on a connection. Called from `feed`; may call the session's `accept_publish` and
/// `reject_publish`, not `feed`.
class session_handler {
public:
  virtual ~session_handler() = default;

  /// The peer asks to publish. The session waits for `accept_publish` or `reject_publish`, now or later.
  virtual void on_publish(const stream_address& address) = 0;
  /// A tag of the stream: from `on_publish` on, so before the decision too if the peer does not wait for
  /// it; the caller keeps such tags, or reads no more from the peer, until it has decided. Not called after
  /// a reject. `timestamp` in ms as the peer sent it; `data` is valid during the call and never empty.
  virtual void on_media(tag_type type, std::uint32_t timestamp, byte_view data) = 0;
  /// The peer ended its publishing in good order, decided or not. Not called when `feed` fails.
  virtual void on_unpublish() = 0;
};

struct session_limits {
  chunk_limits chunks; ///< once a publish was asked for; before it `max_command` bounds every message
  amf0_limits amf0;
  std::size_t max_command = 64 * 1024;     ///< bytes of a command message
  std::size_t max_output = 64 * 1024;      ///< answers waiting in the session for `take_output`
  std::size_t max_streams = 16;            ///< message streams open at a time
  std::uint32_t window_ack_size = 2500000; ///< bytes; announced, and used until the peer announces its own
  std::uint32_t send_chunk_size = 60000;   ///< bytes; announced
};

class server_session {
public:
  /// `seed`: any number, see `server_handshake`.
  server_session(session_handler& handler, std::uint64_t seed, const session_limits& limits = {})
      : handler_(handler), limits_(limits), handshake_(seed), reader_(before_publish(limits)),
        ack_window_(limits.window_ack_size) {}

  /// Takes bytes of the peer, cut anywhere. On an error (`malformed`, `too_large`, `unsupported`) the session
  /// has ended, and an `onStatus` saying why may be in the output; further calls return the same error.
  result<void> feed(byte_view in);

  /// The bytes to send to the peer, and empties them.
  [[nodiscard]] byte_buffer take_output() noexcept { return std::exchange(replies_.buffer(), {}); }
  [[nodiscard]] bool has_output() noexcept { return !replies_.buffer().empty(); }

  /// Answers the publish that waits: the peer may send. Without one it does nothing.
  void accept_publish();
  /// Answers it with an `onStatus` of level error, e.g. code `NetStream.Publish.BadName`; one that was
  /// accepted ends this way. The session lives on; the caller closes it once the output is sent, or lets the
  /// peer try another name.
  void reject_publish(std::string_view code, std::string_view description);

private:
  enum class publish_state { none, asked, accepted };
  struct command {
    std::string_view name;
    double transaction = 0;
    std::uint32_t stream_id = 0;
    const std::vector<amf0_value>& values; ///< name, transaction, command object, arguments

    /// The n-th value behind the command object; undefined when there is none.
    [[nodiscard]] const amf0_value& argument(std::size_t n) const noexcept;
  };
  using command_function = result<void> (server_session::*)(const command&);
  struct command_entry {
    std::string_view name;
    command_function run;
  };
  static const std::array<command_entry, 13> known_commands;

  static chunk_limits before_publish(const session_limits& limits) noexcept;
  result<void> take(byte_view in);
  result<void> on_message(const message& m);
  result<void> on_user_control(const message& m);
  result<void> on_window_ack_size(const message& m);
  result<void> on_data(const message& m, byte_view data);
  result<void> on_aggregate(const message& m);
  result<void> require_connected(const message& m, std::string_view what) const;
  void on_tag(std::uint32_t stream_id, tag_type type, std::uint32_t timestamp, byte_view data);
  void acknowledge();
  void say_why(const error& e);

  result<void> on_command(const message& m, byte_view payload);
  result<void> on_connect(const command& c);
  result<void> on_create_stream(const command& c);
  result<void> on_release_stream(const command& c);
  result<void> on_fc_publish(const command& c);
  result<void> on_fc_unpublish(const command& c);
  result<void> on_delete_stream(const command& c);
  result<void> on_close_stream(const command& c);
  result<void> on_publish(const command& c);
  result<void> on_play(const command& c);
  result<void> on_stream_length(const command& c);
  result<void> ignore(const command& c);
  void unknown_command(const command& c);
  void answer_empty(const command& c);
  void end_publish();

  session_handler& handler_;
  session_limits limits_;
  server_handshake handshake_;
  chunk_reader reader_;
  replies replies_;
  std::optional<error> failed_;

  bool connected_ = false;
  std::string app_;
  std::vector<std::uint32_t> open_streams_;
  std::uint32_t last_stream_ = 0;
  publish_state publish_ = publish_state::none;
  std::uint32_t publish_stream_ = 0;

  std::uint32_t ack_window_;
  std::uint64_t received_ = 0, acknowledged_ = 0; ///< bytes
};

} // namespace sluice::media::rtmp
