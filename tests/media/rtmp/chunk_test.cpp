#include "media/rtmp/chunk_reader.hpp"
#include "media/rtmp/rtmp_client.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;

namespace {

struct got {
  message_type type{};
  std::uint32_t stream_id = 0;
  std::uint32_t timestamp = 0;
  byte_buffer payload;
  bool operator==(const got&) const = default;
};

struct outcome {
  std::vector<got> messages;
  std::string failure;
  bool operator==(const outcome&) const = default;
};

void feed(chunk_reader& reader, byte_view in, outcome& seen) {
  for (;;) {
    auto m = reader.next(in);
    if (!m) {
      seen.failure = m.error().message;
      return;
    }
    if (!*m) return;
    auto& [type, stream_id, timestamp, payload] = **m;
    seen.messages.push_back({type, stream_id, timestamp, {payload.begin(), payload.end()}});
  }
}

outcome read(byte_view in, const chunk_limits& limits = {}) {
  outcome seen;
  chunk_reader reader(limits);
  feed(reader, in, seen);
  return seen;
}

/// Cut in two anywhere, and byte by byte, `bytes` are read as they are in one piece.
void check_cuts(const byte_buffer& bytes, const outcome& whole) {
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    outcome seen;
    chunk_reader reader;
    feed(reader, byte_view(bytes).first(cut), seen);
    feed(reader, byte_view(bytes).subspan(cut), seen);
    CHECK(seen == whole);
  }
  outcome seen;
  chunk_reader reader;
  for (auto& b : bytes)
    feed(reader, {&b, 1}, seen);
  CHECK(seen == whole);
}

/// A type 0 header on a chunk stream below 64.
byte_buffer header0(std::uint8_t chunk_stream, std::uint32_t timestamp, std::uint32_t length,
                    std::uint8_t type) {
  byte_buffer out;
  byte_writer w(out);
  w.u8(chunk_stream);
  w.u24(timestamp);
  w.u24(length);
  w.u8(type);
  w.u32(0x01000000); // stream 1, little-endian
  return out;
}

byte_buffer operator+(byte_buffer left, const byte_buffer& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

byte_buffer written(std::uint32_t chunk_stream, const message& m, std::uint32_t size = default_chunk_size) {
  byte_buffer out;
  chunk_writer writer;
  writer.chunk_size(size);
  writer.write(out, chunk_stream, m);
  return out;
}

byte_buffer set_size(std::uint32_t size) {
  byte_buffer payload;
  byte_writer(payload).u32(size);
  return written(2, {message_type::set_chunk_size, 0, 0, payload});
}

} // namespace

TEST_CASE("messages written as chunks are read the same, for all chunk stream ids and sizes") {
  for (auto chunk_stream : {2u, 63u, 64u, 319u, 320u, 65599u}) {
    for (auto size : {0u, 1u, 127u, 128u, 129u, 1000u}) {
      auto payload = pattern(size);
      for (auto timestamp : {0u, 0xfffffeu, 0xffffffu, 0x1000000u, 0xffffffffu}) {
        auto seen = read(written(chunk_stream, {message_type::video, 1, timestamp, payload}));
        CHECK(seen.failure.empty());
        REQUIRE(seen.messages.size() == 1);
        CHECK(seen.messages[0] == got{message_type::video, 1, timestamp, payload});
      }
    }
  }
}

TEST_CASE("chunks cut at every byte give the same messages") {
  auto bytes = written(3, {message_type::video, 1, 0x1234567, pattern(300)}) +
               written(70, {message_type::audio, 1, 5, pattern(10)}) + set_size(77) +
               written(400, {message_type::video, 1, 6, pattern(200)}, 77);
  auto whole = read(bytes);
  REQUIRE(whole.messages.size() == 3);
  check_cuts(bytes, whole);
}

TEST_CASE("chunks that end at any byte are no error, only not complete") {
  auto bytes = written(3, {message_type::video, 1, 0x1234567, pattern(300)});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(read(byte_view(bytes).first(size)) == outcome{});
}

TEST_CASE("header types 1, 2 and 3 take what they leave out from the header before") {
  auto bytes = header0(4, 1000, 2, 9) + byte_buffer{1, 2};
  bytes = bytes + byte_buffer{0x44, 0, 0, 40, 0, 0, 3, 8, 3, 4, 5}; // +40 ms, 3 bytes of audio
  bytes = bytes + byte_buffer{0x84, 0, 0, 20, 6, 7, 8};             // +20 ms
  bytes = bytes + byte_buffer{0xc4, 9, 10, 11};                     // +20 ms again
  auto seen = read(bytes);
  REQUIRE(seen.messages.size() == 4);
  CHECK(seen.messages[1] == got{message_type::audio, 1, 1040, {3, 4, 5}});
  CHECK(seen.messages[2] == got{message_type::audio, 1, 1060, {6, 7, 8}});
  CHECK(seen.messages[3] == got{message_type::audio, 1, 1080, {9, 10, 11}});
}

TEST_CASE("a type 3 header after a type 0 header adds that header's timestamp again") {
  auto seen = read(header0(4, 23, 1, 8) + byte_buffer{1, 0xc4, 2});
  REQUIRE(seen.messages.size() == 2);
  CHECK(seen.messages[1].timestamp == 46);
}

TEST_CASE("timestamps wrap at 32 bits") {
  auto bytes =
      written(4, {message_type::audio, 1, 0xfffffff0, pattern(1)}) + byte_buffer{0x84, 0, 0, 0x20, 7};
  auto seen = read(bytes);
  REQUIRE(seen.messages.size() == 2);
  CHECK(seen.messages[1].timestamp == 0x10);
}

TEST_CASE("an extended timestamp is read on type 3 chunks, and its absence there is tolerated") {
  auto payload = pattern(300);
  message m{message_type::video, 1, 0x01020304, payload};
  auto with = written(4, m);
  byte_buffer without = with;
  // Header 12 + 4 + 128, then 1 + 4 before each further piece.
  without.erase(without.begin() + 145, without.begin() + 149);
  without.erase(without.begin() + 274, without.begin() + 278);
  REQUIRE(without.size() + 8 == with.size());
  for (auto& bytes : {with, without}) {
    auto seen = read(bytes);
    REQUIRE(seen.messages.size() == 1);
    CHECK(seen.messages[0] == got{m.type, 1, m.timestamp, payload});
    check_cuts(bytes, seen);
  }
}

TEST_CASE("payload that begins like the absent extended timestamp is not lost, wherever the input is cut") {
  // Chunks of one byte without extended timestamps: bytes 1 and 2 could start one.
  auto bytes = set_size(1) + byte_buffer{4, 0xff, 0xff, 0xff, 0, 0, 4, 9, 1, 0, 0, 0, 1, 2, 3, 4, 1};
  bytes = bytes + byte_buffer{0xc4, 1, 0xc4, 2, 0xc4, 1};
  bytes = bytes + byte_buffer{5, 0, 0, 9, 0, 0, 1, 8, 1, 0, 0, 0, 7};
  auto whole = read(bytes);
  CHECK(whole.failure.empty());
  REQUIRE(whole.messages.size() == 2);
  CHECK(whole.messages[0] == got{message_type::video, 1, 0x01020304, {1, 1, 2, 1}});
  CHECK(whole.messages[1] == got{message_type::audio, 1, 9, {7}});
  check_cuts(bytes, whole);
}

TEST_CASE("an extended delta is added") {
  auto bytes = header0(4, 10, 1, 9) + byte_buffer{1};
  bytes = bytes + byte_buffer{0x84, 0xff, 0xff, 0xff, 1, 0, 0, 0, 2};
  auto seen = read(bytes);
  REQUIRE(seen.messages.size() == 2);
  CHECK(seen.messages[1].timestamp == 0x0100000a);
}

TEST_CASE("messages interleaved on several chunk streams are kept apart") {
  auto video = pattern(300);
  auto audio = pattern(200);
  auto a = written(4, {message_type::audio, 1, 20, audio});
  auto v = written(6, {message_type::video, 1, 10, video});
  auto slice = [](const byte_buffer& of, std::ptrdiff_t from, std::ptrdiff_t to) {
    return byte_buffer(of.begin() + from, of.begin() + to);
  };
  auto end = [](const byte_buffer& of) { return static_cast<std::ptrdiff_t>(of.size()); };
  auto bytes = slice(v, 0, 140) + slice(a, 0, 140) + slice(v, 140, 269) + set_size(128) +
               slice(a, 140, end(a)) + slice(v, 269, end(v));
  auto seen = read(bytes);
  CHECK(seen.failure.empty());
  REQUIRE(seen.messages.size() == 2);
  CHECK(seen.messages[0] == got{message_type::audio, 1, 20, audio});
  CHECK(seen.messages[1] == got{message_type::video, 1, 10, video});
}

TEST_CASE("abort drops what arrived of a message on that chunk stream only") {
  auto v = written(6, {message_type::video, 1, 10, pattern(300)});
  v.resize(140);
  byte_buffer six{0, 0, 0, 6};
  auto bytes =
      v + written(2, {message_type::abort, 0, 0, six}) + written(6, {message_type::video, 1, 11, pattern(5)});
  auto seen = read(bytes);
  CHECK(seen.failure.empty());
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].timestamp == 11);
}

TEST_CASE("a message in one piece is handed out without a copy") {
  auto bytes = written(4, {message_type::video, 1, 0, pattern(100)});
  chunk_reader reader;
  byte_view in(bytes);
  auto m = reader.next(in);
  REQUIRE(m.has_value());
  CHECK((*m)->payload.data() == bytes.data() + 12);
  CHECK(reader.held() == 0);
}

TEST_CASE("chunk sizes of zero and beyond 31 bits are refused, great ones mean whole messages") {
  CHECK(read(set_size(0)).failure.find("set chunk size 0") != std::string::npos);
  CHECK(read(set_size(0xffffffff)).failure.find("set chunk size 4294967295") != std::string::npos);
  chunk_reader reader;
  outcome seen;
  feed(reader, set_size(0x7fffffff), seen);
  CHECK(reader.chunk_size() == greatest_chunk_size);
  feed(reader, written(4, {message_type::video, 1, 0, pattern(5000)}, 0x7fffffff), seen);
  CHECK(seen.failure.empty());
  REQUIRE(seen.messages.size() == 1);
  CHECK(reader.held() == 0);
  CHECK(read(written(2, {message_type::set_chunk_size, 0, 0, pattern(3)}))
            .failure.find("3 bytes; 4 expected") != std::string::npos);
}

TEST_CASE("a message longer than the limit is refused by its header, before memory is taken") {
  chunk_reader reader({.max_message = 1000});
  outcome seen;
  feed(reader, header0(4, 0, 1001, 9), seen);
  CHECK(seen.failure.find("1001 bytes (type 9) on chunk stream 4; at most 1000") != std::string::npos);
  CHECK(reader.held() == 0);
}

TEST_CASE("a claimed length takes no memory until bytes come") {
  chunk_reader reader;
  outcome seen;
  for (std::uint8_t chunk_stream = 3; chunk_stream < 60; ++chunk_stream)
    feed(reader, header0(chunk_stream, 0, 8000000, 9) + byte_buffer(128, 1), seen);
  CHECK(seen.failure.empty());
  CHECK(reader.held() < 60 * 300);
}

TEST_CASE("parts of messages of all chunk streams together stay within the limit") {
  chunk_limits limits{.max_message = 10000, .max_held = 5000};
  chunk_reader reader(limits);
  outcome seen;
  feed(reader, set_size(100), seen);
  for (std::uint8_t chunk_stream = 3; chunk_stream < 60 && seen.failure.empty(); ++chunk_stream) {
    feed(reader, header0(chunk_stream, 0, 201, 9) + byte_buffer(100, 1), seen);
    CHECK(reader.held() <= limits.max_held);
  }
  CHECK(seen.failure.find("parts of messages take") != std::string::npos);
}

TEST_CASE("more chunk streams than the limit are refused") {
  byte_buffer bytes;
  for (std::uint32_t id = 0; id < 65; ++id)
    bytes = bytes + written(100 + id, {message_type::audio, 1, 0, {}});
  auto seen = read(bytes);
  CHECK(seen.messages.size() == 64);
  CHECK(seen.failure.find("chunk stream 164 is one more than the 64 allowed") != std::string::npos);
}

TEST_CASE("headers that break the order are refused with their place") {
  CHECK(read(byte_buffer{0xc5}).failure ==
        "rtmp chunk at byte 0: type 3 header on chunk stream 5, which had no "
        "message yet");
  CHECK(read(byte_buffer{0x85, 0, 0, 1}).failure.find("type 2 header") != std::string::npos);
  auto half = written(4, {message_type::video, 1, 0, pattern(300)});
  half.resize(140);
  CHECK(read(half + header0(4, 0, 5, 9))
            .failure.find("at byte 140: type 0 header on chunk stream 4 when 128 of a "
                          "message's 300 bytes had arrived") != std::string::npos);
}

TEST_CASE("a type 1 header may open a chunk stream, as librtmp does for control messages") {
  auto seen = read(byte_buffer{0x42, 0, 0, 0, 0, 0, 1, 9, 7});
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0] == got{message_type::video, 0, 0, {7}});
}
