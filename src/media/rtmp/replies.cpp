#include "media/rtmp/replies.hpp"

namespace sluice::media::rtmp {

namespace {

constexpr std::uint8_t dynamic_limit = 2;

byte_buffer four_bytes(std::uint32_t value) {
  byte_buffer bytes;
  byte_writer(bytes).u32(value);
  return bytes;
}

amf0_value text(std::string_view of) {
  return {std::string(of)};
}

amf0_value information(std::string_view level, std::string_view code, std::string_view description) {
  return {amf0_object{{{"level", text(level)}, {"code", text(code)}, {"description", text(description)}}}};
}

} // namespace

void replies::set_chunk_size(std::uint32_t size) {
  control(message_type::set_chunk_size, four_bytes(size));
  writer_.chunk_size(size);
}

void replies::acknowledgement(std::uint32_t bytes_received) {
  control(message_type::acknowledgement, four_bytes(bytes_received));
}

void replies::window_ack_size(std::uint32_t bytes) {
  control(message_type::window_ack_size, four_bytes(bytes));
}

void replies::set_peer_bandwidth(std::uint32_t bytes) {
  auto payload = four_bytes(bytes);
  payload.push_back(dynamic_limit);
  control(message_type::set_peer_bandwidth, payload);
}

void replies::user_control(user_event event, std::uint32_t value) {
  byte_buffer payload;
  byte_writer(payload).u16(static_cast<std::uint16_t>(event));
  byte_writer(payload).u32(value);
  control(message_type::user_control, payload);
}

void replies::result_of(double transaction, const amf0_value& object, const amf0_value& information_value) {
  command(command_chunk_stream, 0, {text("_result"), {transaction}, object, information_value});
}

void replies::error_of(double transaction, std::string_view code, std::string_view description) {
  command(command_chunk_stream, 0,
          {text("_error"), {transaction}, {amf0_null{}}, information("error", code, description)});
}

void replies::status(std::uint32_t stream_id, std::string_view level, std::string_view code,
                     std::string_view description) {
  command(status_chunk_stream, stream_id,
          {text("onStatus"), {0.0}, {amf0_null{}}, information(level, code, description)});
}

void replies::notify(std::string_view name, std::string_view code, std::string_view description) {
  command(command_chunk_stream, 0,
          {text(name), {0.0}, {amf0_null{}}, information("status", code, description)});
}

void replies::control(message_type type, byte_view payload) {
  writer_.write(out_, control_chunk_stream, {type, 0, 0, payload});
}

void replies::command(std::uint32_t chunk_stream, std::uint32_t stream_id,
                      std::initializer_list<amf0_value> values) {
  byte_buffer payload;
  for (auto& value : values)
    encode_amf0(payload, value);
  writer_.write(out_, chunk_stream, {message_type::command_amf0, stream_id, 0, payload});
}

} // namespace sluice::media::rtmp
