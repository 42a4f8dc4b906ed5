#include "media/rtmp/session_fixture.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;

namespace {

/// The error after `fill` used the client; the handshake is done before.
template <class Fill>
std::string failure(publishing& p, Fill fill) {
  p.client.handshake();
  fill(p.client);
  auto fed = p.flush();
  REQUIRE(fed.has_error());
  auto again = p.session.feed(byte_buffer{1});
  REQUIRE(again.has_error());
  CHECK(again.error() == fed.error());
  return fed.error().message;
}

template <class Fill>
std::string failure(Fill fill) {
  publishing p;
  return failure(p, fill);
}

byte_buffer flv_tags() {
  byte_buffer out;
  append_tag(out, tag_type::audio, 500, bytes_of("aac"));
  append_tag(out, tag_type::video, 520, bytes_of("avc"));
  out.push_back(77); // a type that means nothing
  byte_writer(out).bytes(byte_buffer{0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 'x', 0, 0, 0, 12});
  append_tag(out, tag_type::script, 540, bytes_of("meta"));
  return out;
}

} // namespace

TEST_CASE("an aggregate message is split into tags on the message's clock") {
  publishing p;
  p.client.connect_and_publish("live", "room1");
  p.client.send(message_type::aggregate, flv_tags(), 1, 10000);
  REQUIRE(p.flush().has_value());
  CHECK(p.tags == std::vector<received_tag>{{tag_type::audio, 10000, bytes_of("aac")},
                                            {tag_type::video, 10020, bytes_of("avc")},
                                            {tag_type::script, 10040, bytes_of("meta")}});
}

TEST_CASE("an aggregate message that ends inside a tag is an error naming the tag's offset") {
  auto all = flv_tags();
  for (std::size_t size = 1; size < all.size(); ++size) {
    publishing p;
    p.client.connect_and_publish("live", "room1");
    p.client.send(message_type::aggregate, byte_view(all).first(size), 1);
    auto fed = p.flush();
    if (size == 18 || size == 36 || size == 52) {
      CHECK(fed.has_value());
      continue;
    }
    REQUIRE(fed.has_error());
    CHECK(fed.error().message.find("ends inside the tag at offset") != std::string::npos);
    CHECK(p.answer("onStatus", "NetStream.Failed"));
  }
}

TEST_CASE("what comes before connect is an error that names it") {
  CHECK(failure([](rtmp_client& c) { c.publish("room1"); }) ==
        "rtmp: command 'releaseStream' came before connect");
  CHECK(failure([](rtmp_client& c) { c.media(tag_type::video, 0, pattern(5)); }) ==
        "rtmp: video message (type 9) before connect");
  CHECK(failure([](rtmp_client& c) { c.metadata(); }) == "rtmp: data message (type 18) before connect");
  CHECK(failure([](rtmp_client& c) { c.send(message_type::aggregate, {}); }) ==
        "rtmp: aggregate message (type 22) before connect");
  publishing p;
  failure(p, [](rtmp_client& c) { c.publish("room1"); });
  CHECK(p.answer("onStatus", "NetConnection.Connect.Failed"));
}

TEST_CASE("publish on a stream that was not created, and a second connect, are errors") {
  CHECK(failure([](rtmp_client& c) {
          c.connect("live");
          c.command({text("publish"), {6.0}, {amf0_null{}}, text("room1")}, 1);
        }) == "rtmp: publish on message stream 1, which createStream has not opened");
  CHECK(failure([](rtmp_client& c) {
          c.connect("live");
          c.connect("live");
        }) == "rtmp: connect came a second time");
  CHECK(failure([](rtmp_client& c) {
          c.command({text("connect"), {1.0}, object({})});
        }) == "rtmp: connect names no app");
}

TEST_CASE("commands that are no AMF0, have no name or are too long are errors") {
  CHECK(failure([](rtmp_client& c) {
          c.send(message_type::command_amf0, byte_buffer{0x11});
        }).find("AMF3 value") != std::string::npos);
  CHECK(failure([](rtmp_client& c) { c.command({{1.0}}); }).find("starts with no name") != std::string::npos);
  CHECK(failure([](rtmp_client& c) { c.send(message_type::command_amf0, {}); }).find("starts with no name") !=
        std::string::npos);
  CHECK(failure([](rtmp_client& c) {
          c.connect("live");
          c.publish("room1");
          c.send(message_type::command_amf0, pattern(70000));
        }).find("a command of 70000 bytes; at most 65536") != std::string::npos);
}

TEST_CASE("a peer that has not asked to publish is held to small messages, then to the full size") {
  CHECK(failure([](rtmp_client& c) {
          c.connect("live");
          c.media(tag_type::video, 0, pattern(70000));
        }).find("a message of 70000 bytes (type 9) on chunk stream 7; at most 65536") != std::string::npos);
  publishing p;
  p.client.connect_and_publish("live", "room1");
  p.client.media(tag_type::video, 0, pattern(7 * 1024 * 1024));
  REQUIRE(p.flush().has_value());
  CHECK(p.tags.size() == 1);
}

TEST_CASE("deep AMF nesting in connect ends the session with the reason") {
  auto message = failure([](rtmp_client& c) {
    byte_buffer payload;
    encode_amf0(payload, text("connect"));
    encode_amf0(payload, {1.0});
    for (int i = 0; i < 1000; ++i)
      byte_writer(payload).bytes(byte_buffer{3, 0, 1, 'a'});
    c.send(message_type::command_amf0, payload);
  });
  CHECK(message.find("nested deeper than 16") != std::string::npos);
}

TEST_CASE("an HTTP request gets an error and no answer") {
  publishing p;
  auto fed = p.session.feed(bytes_of("GET /live/room1.flv HTTP/1.1\r\n\r\n"));
  REQUIRE(fed.has_error());
  CHECK(fed.error().message.find("HTTP") != std::string::npos);
  CHECK_FALSE(p.session.has_output());
}

TEST_CASE("an endless handshake takes no memory and what follows it is judged as chunks") {
  publishing p;
  byte_buffer zeros(100000, 3);
  auto fed = p.session.feed(zeros);
  REQUIRE(fed.has_error());
  CHECK(fed.error().message.find("rtmp chunk at byte") != std::string::npos);
}

TEST_CASE("a 4 GiB chunk size is refused, the session says so") {
  publishing p;
  CHECK(failure(p, [](rtmp_client& c) {
          c.connect("live");
          c.send(message_type::set_chunk_size, byte_buffer{0xff, 0xff, 0xff, 0xff});
        }).find("set chunk size 4294967295") != std::string::npos);
  CHECK(p.answer("onStatus", "NetStream.Failed"));
}

TEST_CASE("bytes are acknowledged per the peer's window, once per feed at most") {
  publishing p;
  p.client.connect_and_publish("live", "room1");
  p.client.send(message_type::window_ack_size, byte_buffer{0, 0, 0x27, 0x10}); // 10000
  auto before = p.client.take();
  REQUIRE(p.feed(before).has_value());
  CHECK(p.count(message_type::acknowledgement) == 0);
  std::size_t sent = before.size();
  for (int i = 0; i < 6; ++i) {
    p.client.media(tag_type::video, 0, pattern(6000));
    auto bytes = p.client.take();
    sent += bytes.size();
    REQUIRE(p.feed(bytes).has_value());
  }
  CHECK(p.count(message_type::acknowledgement) == 3);
  auto& last = p.answers.back();
  REQUIRE(last.type == message_type::acknowledgement);
  CHECK(byte_reader(last.payload).u32() == sent);
}

TEST_CASE("a window of one byte does not make every byte answered") {
  publishing p;
  p.client.connect_and_publish("live", "room1");
  p.client.send(message_type::window_ack_size, byte_buffer{0, 0, 0, 1});
  p.client.media(tag_type::video, 0, pattern(6000));
  auto bytes = p.client.take();
  for (auto& b : bytes)
    REQUIRE(p.feed({&b, 1}).has_value());
  CHECK(p.count(message_type::acknowledgement) <= bytes.size() / 4096);
}

TEST_CASE("a ping request is answered with its time") {
  publishing p;
  p.client.handshake();
  p.client.connect("live");
  p.client.send(message_type::user_control, byte_buffer{0, 6, 1, 2, 3, 4});
  REQUIRE(p.flush().has_value());
  CHECK(p.answers.back().payload == byte_buffer{0, 7, 1, 2, 3, 4});
}

TEST_CASE("control messages that are too short are errors") {
  CHECK(failure([](rtmp_client& c) {
          c.send(message_type::user_control, pattern(1));
        }).find("user control") != std::string::npos);
  CHECK(failure([](rtmp_client& c) {
          c.send(message_type::user_control, byte_buffer{0, 6, 1});
        }).find("ping request: 3 bytes") != std::string::npos);
  CHECK(failure([](rtmp_client& c) {
          c.send(message_type::window_ack_size, pattern(3));
        }).find("window acknowledgement size") != std::string::npos);
}

TEST_CASE("a peer that makes the session answer without end is cut off") {
  publishing p;
  auto message = failure(p, [](rtmp_client& c) {
    c.connect("live");
    for (int i = 0; i < 10000; ++i)
      c.send(message_type::user_control, byte_buffer{0, 6, 0, 0, 0, 0});
  });
  CHECK(message.find("bytes of answers wait to be sent; at most 65536") != std::string::npos);
}

TEST_CASE("message streams are limited, and deleting one makes room") {
  publishing p;
  p.client.handshake();
  p.client.connect("live");
  for (int i = 0; i < 17; ++i)
    p.client.command({text("createStream"), {2.0}, {amf0_null{}}});
  REQUIRE(p.flush().has_value());
  CHECK(p.answers.back().name() == "_error");
  p.client.command({text("deleteStream"), {3.0}, {amf0_null{}}, {5.0}});
  p.client.command({text("createStream"), {4.0}, {amf0_null{}}});
  REQUIRE(p.flush().has_value());
  CHECK(p.answers.back().name() == "_result");
}

TEST_CASE("media on another stream, empty media and cleared metadata are dropped") {
  publishing p;
  p.client.connect_and_publish("live", "room1");
  p.client.send(message_type::video, pattern(5), 9);
  p.client.send(message_type::video, {}, 1);
  byte_buffer clear;
  encode_amf0(clear, text("@clearDataFrame"));
  p.client.send(message_type::data_amf0, clear, 1);
  p.client.send(message_type::shared_object_amf0, pattern(5), 1);
  p.client.send(message_type::audio, pattern(5), 0);
  REQUIRE(p.flush().has_value());
  CHECK(p.tags.size() == 1);
}
