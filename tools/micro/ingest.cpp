// What a publisher's bytes cost before they enter the log: an RTMP session from the handshake on, an FLV
// file.
#include "film.hpp"
#include "media/flv/reader.hpp"
#include "media/rtmp/amf0.hpp"
#include "media/rtmp/chunk_writer.hpp"
#include "media/rtmp/session.hpp"

#include <benchmark/benchmark.h>

namespace sluice::micro {

namespace {

using namespace media::rtmp;

/// As sockets give them.
constexpr std::size_t read_size = 64 * 1024;

byte_buffer encode(const std::vector<amf0_value>& values) {
  byte_buffer out;
  for (const auto& value : values)
    encode_amf0(out, value);
  return out;
}

amf0_value text(std::string_view of) {
  return {std::string(of)};
}

byte_buffer session_bytes(std::uint32_t chunk_size) {
  byte_buffer out(1 + 2 * handshake_packet_size, 0);
  out[0] = 3;
  chunk_writer writer;
  byte_buffer size;
  byte_writer(size).u32(chunk_size);
  writer.write(out, 2, {message_type::set_chunk_size, 0, 0, size});
  writer.chunk_size(chunk_size);
  auto say = [&](std::uint32_t stream, const std::vector<amf0_value>& values) {
    auto payload = encode(values);
    writer.write(out, 3, {message_type::command_amf0, stream, 0, payload});
  };
  say(0, {text("connect"), {1.0}, {amf0_object{{{"app", text("live")}}}}});
  say(0, {text("createStream"), {2.0}, {amf0_null{}}});
  say(1, {text("publish"), {3.0}, {amf0_null{}}, text("room1"), text("live")});
  for (const auto& tag : film())
    writer.write(out, tag.type == media::tag_type::video ? 4 : 5,
                 {static_cast<message_type>(tag.type), 1, tag.timestamp, tag.data});
  return out;
}

struct taker final : session_handler, media::flv_handler {
  server_session* session = nullptr;
  std::uint64_t tags = 0;
  void on_publish(const stream_address&) override { session->accept_publish(); }
  void on_media(media::tag_type, std::uint32_t, byte_view) override { ++tags; }
  void on_unpublish() override {}
  result<void> on_file_header(media::file_flags) override { return {}; }
  result<void> on_tag(media::tag_type, std::uint32_t, byte_view) override {
    ++tags;
    return {};
  }
};

template <class Feed>
result<void> in_pieces(byte_view bytes, Feed feed) {
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(read_size, bytes.size())))
    if (auto ok = feed(bytes.first(std::min(read_size, bytes.size()))); !ok) return ok;
  return {};
}

void finish(benchmark::State& state, std::size_t bytes, const result<void>& outcome, std::uint64_t tags) {
  if (!outcome || tags != film().size()) state.SkipWithError("not every tag came through");
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

void rtmp_session(benchmark::State& state) {
  auto bytes = session_bytes(static_cast<std::uint32_t>(state.range(0)));
  result<void> outcome;
  std::uint64_t tags = 0;
  for (auto _ : state) {
    taker to;
    server_session session(to, 1);
    to.session = &session;
    outcome = in_pieces(bytes, [&](byte_view piece) { return session.feed(piece); });
    tags = to.tags;
  }
  finish(state, bytes.size(), outcome, tags);
}
BENCHMARK(rtmp_session)->ArgName("chunk")->Arg(128)->Arg(4096)->Arg(65536);

void flv_read(benchmark::State& state) {
  byte_buffer bytes{'F', 'L', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0};
  auto tags_of_it = log_bytes();
  bytes.insert(bytes.end(), tags_of_it.begin(), tags_of_it.end());
  result<void> outcome;
  std::uint64_t tags = 0;
  for (auto _ : state) {
    taker to;
    media::flv_reader reader;
    outcome = in_pieces(bytes, [&](byte_view piece) { return reader.feed(piece, to); });
    tags = to.tags;
  }
  finish(state, bytes.size(), outcome, tags);
}
BENCHMARK(flv_read);

} // namespace

} // namespace sluice::micro
