#include "media/rtmp/session.hpp"

#include "media/rtmp/aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::media::rtmp {

namespace {

/// A peer that wants an acknowledgement more often than this gets it this often, in bytes.
constexpr std::uint32_t least_ack_window = 4096;

/// The AMF0 string `@setDataFrame` with its marker and size.
constexpr std::string_view set_data_frame("\x02\x00\x0d@setDataFrame", 16);
constexpr std::string_view clear_data_frame("\x02\x00\x0f@clearDataFrame", 18);

/// An AMF3 message that holds AMF0 starts with this byte.
byte_view without_amf3_wrapper(byte_view payload) noexcept {
  return !payload.empty() && payload[0] == 0 ? payload.subspan(1) : payload;
}

} // namespace

/// A peer that has not named a stream has nothing great to send, and is held to little memory.
chunk_limits server_session::before_publish(const session_limits& limits) noexcept {
  constexpr std::size_t messages_at_a_time = 4;
  return {.max_message = std::min(limits.max_command, limits.chunks.max_message),
          .max_held = std::min(limits.max_command * messages_at_a_time, limits.chunks.max_held),
          .max_chunk_streams = limits.chunks.max_chunk_streams};
}

result<void> server_session::feed(byte_view in) {
  if (failed_) return *failed_;
  received_ += in.size();
  auto taken = take(in);
  if (!taken) {
    failed_ = taken.error();
    say_why(*failed_);
    return taken;
  }
  acknowledge();
  return {};
}

result<void> server_session::take(byte_view in) {
  if (!handshake_.done()) {
    if (auto ok = handshake_.feed(in, replies_.buffer()); !ok) return ok;
    if (!handshake_.done()) return {};
  }
  for (;;) {
    auto m = reader_.next(in);
    if (!m) return m.error();
    if (!*m) return {};
    if (auto ok = on_message(**m); !ok) return ok;
    if (replies_.buffer().size() > limits_.max_output)
      return error{errc::too_large, fmt::format("rtmp: {} bytes of answers wait to be sent; at most {}",
                                                replies_.buffer().size(), limits_.max_output)};
  }
}

result<void> server_session::on_message(const message& m) {
  switch (m.type) {
  case message_type::user_control:
    return on_user_control(m);
  case message_type::window_ack_size:
    return on_window_ack_size(m);
  case message_type::acknowledgement:
  case message_type::set_peer_bandwidth:
    return {};
  case message_type::command_amf0:
    return on_command(m, m.payload);
  case message_type::command_amf3:
    return on_command(m, without_amf3_wrapper(m.payload));
  case message_type::audio:
  case message_type::video:
    if (auto ok = require_connected(m, m.type == message_type::audio ? "audio" : "video"); !ok) return ok;
    on_tag(m.stream_id, m.type == message_type::audio ? tag_type::audio : tag_type::video, m.timestamp,
           m.payload);
    return {};
  case message_type::data_amf0:
    return on_data(m, m.payload);
  case message_type::data_amf3:
    return on_data(m, without_amf3_wrapper(m.payload));
  case message_type::aggregate:
    return on_aggregate(m);
  default:
    return {};
  }
}

result<void> server_session::require_connected(const message& m, std::string_view what) const {
  if (connected_) return {};
  return error{errc::malformed,
               fmt::format("rtmp: {} message (type {}) before connect", what, static_cast<unsigned>(m.type))};
}

result<void> server_session::on_user_control(const message& m) {
  byte_reader in(m.payload);
  auto event = user_event{in.u16()};
  if (!in.ok())
    return error{errc::malformed,
                 fmt::format("rtmp user control: {} bytes; 2 or more expected", m.payload.size())};
  if (event == user_event::ping_request) {
    auto time = in.u32();
    if (!in.ok())
      return error{errc::malformed, fmt::format("rtmp ping request: {} bytes; 6 expected", m.payload.size())};
    replies_.user_control(user_event::ping_response, time);
  }
  return {};
}

result<void> server_session::on_window_ack_size(const message& m) {
  byte_reader in(m.payload);
  auto window = in.u32();
  if (!in.ok())
    return error{errc::malformed,
                 fmt::format("rtmp window acknowledgement size: {} bytes; 4 expected", m.payload.size())};
  if (window > 0) ack_window_ = std::max(window, least_ack_window);
  return {};
}

result<void> server_session::on_data(const message& m, byte_view data) {
  if (auto ok = require_connected(m, "data"); !ok) return ok;
  auto text = as_text(data);
  if (text.starts_with(clear_data_frame)) return {};
  if (text.starts_with(set_data_frame)) data = data.subspan(set_data_frame.size());
  on_tag(m.stream_id, tag_type::script, m.timestamp, data);
  return {};
}

result<void> server_session::on_aggregate(const message& m) {
  if (auto ok = require_connected(m, "aggregate"); !ok) return ok;
  aggregate_reader tags(m);
  for (;;) {
    auto tag = tags.next();
    if (!tag) return tag.error();
    if (!*tag) return {};
    on_tag(m.stream_id, (*tag)->type, (*tag)->timestamp, (*tag)->data);
  }
}

/// Some encoders send media on message stream 0, which can only mean the one stream that publishes.
void server_session::on_tag(std::uint32_t stream_id, tag_type type, std::uint32_t timestamp, byte_view data) {
  bool wanted = publish_ != publish_state::none && (stream_id == publish_stream_ || stream_id == 0);
  if (wanted && !data.empty()) handler_.on_media(type, timestamp, data);
}

/// Section 5.4.3. At most one a call of `feed`, however small the peer's window.
void server_session::acknowledge() {
  if (!handshake_.done() || received_ - acknowledged_ < ack_window_) return;
  acknowledged_ = received_;
  replies_.acknowledgement(static_cast<std::uint32_t>(acknowledged_));
}

void server_session::say_why(const error& e) {
  if (!handshake_.done()) return;
  if (connected_)
    replies_.status(publish_stream_, "error", "NetStream.Failed", e.message);
  else
    replies_.status(0, "error", "NetConnection.Connect.Failed", e.message);
}

void server_session::accept_publish() {
  if (publish_ != publish_state::asked) return;
  publish_ = publish_state::accepted;
  replies_.user_control(user_event::stream_begin, publish_stream_);
  replies_.status(publish_stream_, "status", "NetStream.Publish.Start", "publishing");
}

void server_session::reject_publish(std::string_view code, std::string_view description) {
  if (publish_ == publish_state::none) return;
  publish_ = publish_state::none;
  replies_.status(publish_stream_, "error", code, description);
}

} // namespace sluice::media::rtmp
