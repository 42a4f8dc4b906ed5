#include "media/rtmp/rtmp_client.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::test {

amf0_value text(std::string_view of) {
  return {std::string(of)};
}
amf0_value object(std::vector<amf0_property> properties) {
  return {amf0_object{std::move(properties)}};
}

void rtmp_client::handshake() {
  byte_buffer packets(1 + 2 * handshake_packet_size, 0);
  packets[0] = 3;
  for (std::size_t i = 9; i < packets.size(); ++i)
    packets[i] = static_cast<std::uint8_t>(i * 7);
  byte_writer(out_).bytes(packets);
}

void rtmp_client::digest_handshake(digest_schema schema) {
  handshake_packet c1{};
  for (std::size_t i = 4; i < c1.size(); ++i)
    c1[i] = static_cast<std::uint8_t>(i * 13);
  sign_c1(c1, schema);
  byte_writer writer(out_);
  writer.u8(3);
  writer.bytes(c1);
  writer.bytes(c1);
}

void rtmp_client::command(std::vector<amf0_value> values, std::uint32_t stream_id) {
  byte_buffer payload;
  for (auto& value : values)
    encode_amf0(payload, value);
  send(message_type::command_amf0, payload, stream_id);
}

void rtmp_client::connect(std::string_view app) {
  command({text("connect"),
           {1.0},
           object({{"app", text(app)},
                   {"type", text("nonprivate")},
                   {"flashVer", text("FMLE/3.0 (compatible; test)")},
                   {"tcUrl", text("rtmp://localhost/live")}})});
}

void rtmp_client::publish(std::string_view name) {
  command({text("releaseStream"), {2.0}, {amf0_null{}}, text(name)});
  command({text("FCPublish"), {3.0}, {amf0_null{}}, text(name)});
  command({text("createStream"), {4.0}, {amf0_null{}}});
  command({text("_checkbw"), {5.0}, {amf0_null{}}});
  command({text("publish"), {6.0}, {amf0_null{}}, text(name), text("live")}, 1);
}

void rtmp_client::connect_and_publish(std::string_view app, std::string_view name) {
  handshake();
  connect(app);
  publish(name);
}

void rtmp_client::metadata() {
  byte_buffer payload;
  encode_amf0(payload, text("@setDataFrame"));
  encode_amf0(payload, text("onMetaData"));
  encode_amf0(payload, {amf0_ecma_array{{{"width", {320.0}}}}});
  send(message_type::data_amf0, payload, 1);
}

void rtmp_client::media(tag_type type, std::uint32_t timestamp, byte_view data) {
  send(static_cast<message_type>(type), data, 1, timestamp);
}

void rtmp_client::send(message_type type, byte_view payload, std::uint32_t stream_id,
                       std::uint32_t timestamp) {
  auto chunk_stream =
      type <= message_type::set_peer_bandwidth ? 2u : 3u + static_cast<std::uint32_t>(type) % 5u;
  writer_.write(out_, chunk_stream, {type, stream_id, timestamp, payload});
}

void rtmp_client::set_chunk_size(std::uint32_t size) {
  byte_buffer payload;
  byte_writer(payload).u32(size);
  send(message_type::set_chunk_size, payload);
  writer_.chunk_size(size);
}

byte_buffer rtmp_client::take() {
  return std::exchange(out_, {});
}

std::string server_message::name() const {
  return values.empty() ? std::string() : std::string(values[0].text());
}

std::string server_message::code() const {
  auto* code = values.size() > 3 ? values[3].find("code") : nullptr;
  return code ? std::string(code->text()) : std::string();
}

std::string server_message::description() const {
  auto* description = values.size() > 3 ? values[3].find("description") : nullptr;
  return description ? std::string(description->text()) : std::string();
}

std::vector<server_message> server_reader::read(byte_view bytes) {
  std::vector<server_message> messages;
  auto skipped = std::min(bytes.size(), handshake_left_);
  handshake_left_ -= skipped;
  bytes = bytes.subspan(skipped);
  for (;;) {
    auto m = reader_.next(bytes);
    REQUIRE(m.has_value());
    if (!*m) return messages;
    server_message got{(*m)->type, (*m)->stream_id, {(*m)->payload.begin(), (*m)->payload.end()}, {}};
    if (got.type == message_type::command_amf0) got.values = decode_all_amf0(got.payload).value();
    messages.push_back(std::move(got));
  }
}

const server_message* find_command(const std::vector<server_message>& messages, std::string_view name,
                                   std::string_view code) {
  for (auto& m : messages)
    if (m.name() == name && (code.empty() || m.code() == code)) return &m;
  return nullptr;
}

byte_buffer bytes_of(std::string_view of) {
  auto view = as_bytes(of);
  return {view.begin(), view.end()};
}

byte_buffer pattern(std::size_t size) {
  byte_buffer out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8));
  return out;
}

} // namespace sluice::test
