#include "media/rtmp/session_fixture.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;

namespace {

const byte_buffer audio_header{0xaf, 0, 0x12, 0x10};
const byte_buffer video_key{0x17, 1, 0, 0, 0, 9, 9};

/// A whole FMLE dialogue with media, as bytes.
byte_buffer dialogue() {
  rtmp_client client;
  client.connect_and_publish("live", "room1");
  client.metadata();
  client.media(tag_type::audio, 0, audio_header);
  client.set_chunk_size(4096);
  client.media(tag_type::video, 40, pattern(9000));
  client.media(tag_type::audio, 0x1000001, pattern(300));
  client.command({text("FCUnpublish"), {7.0}, {amf0_null{}}, text("room1")});
  client.command({text("deleteStream"), {8.0}, {amf0_null{}}, {1.0}});
  return client.take();
}

std::vector<received_tag> dialogue_tags() {
  byte_buffer metadata;
  encode_amf0(metadata, text("onMetaData"));
  encode_amf0(metadata, {amf0_ecma_array{{{"width", {320.0}}}}});
  return {{tag_type::script, 0, metadata},
          {tag_type::audio, 0, audio_header},
          {tag_type::video, 40, pattern(9000)},
          {tag_type::audio, 0x1000001, pattern(300)}};
}

} // namespace

TEST_CASE("an encoder's whole dialogue is answered and its tags come out") {
  publishing p;
  REQUIRE(p.feed(dialogue()).has_value());
  CHECK(p.events == std::vector<std::string>{"publish live/room1 ?", "unpublish"});
  CHECK(p.tags == dialogue_tags());

  auto* connected = p.answer("_result", "NetConnection.Connect.Success");
  REQUIRE(connected);
  CHECK(connected->values[1].number_or(0) == 1);
  CHECK(connected->values[2].find("fmsVer")->text() == "FMS/3,5,3,888");
  CHECK(connected->values[3].find("fourCcList") == nullptr);
  auto* started = p.answer("onStatus", "NetStream.Publish.Start");
  REQUIRE(started);
  CHECK(started->stream_id == 1);
  CHECK(p.answer("onFCPublish"));
  CHECK(p.answer("onFCUnpublish"));
  CHECK(p.answer("onStatus", "NetStream.Unpublish.Success"));
  CHECK(p.count(message_type::set_chunk_size) == 0); // the reader obeys it
  CHECK(p.count(message_type::window_ack_size) == 1);
  CHECK(p.count(message_type::set_peer_bandwidth) == 1);
  CHECK(p.count(message_type::user_control) == 1);
  CHECK_FALSE(p.answer("_error"));
}

TEST_CASE("createStream is answered with the id publish then uses") {
  publishing p;
  p.client.handshake();
  p.client.connect("live");
  p.client.command({text("createStream"), {4.0}, {amf0_null{}}});
  REQUIRE(p.flush().has_value());
  auto& last = p.answers.back();
  CHECK(last.name() == "_result");
  CHECK(last.values[1].number_or(0) == 4);
  CHECK(last.values[3].number_or(0) == 1);
}

TEST_CASE("a dialogue cut at every byte tells the handler the same") {
  auto bytes = dialogue();
  for (std::size_t cut = 0; cut <= bytes.size(); cut += cut > 3000 && cut < 5500 ? 1 : 61) {
    publishing p;
    REQUIRE(p.feed(byte_view(bytes).first(cut)).has_value());
    REQUIRE(p.feed(byte_view(bytes).subspan(cut)).has_value());
    CHECK(p.events.size() == 2);
    CHECK(p.tags == dialogue_tags());
  }
  publishing p;
  for (auto& b : bytes)
    REQUIRE(p.feed({&b, 1}).has_value());
  CHECK(p.tags == dialogue_tags());
}

TEST_CASE("a dialogue that stops at any byte is no error") {
  auto bytes = dialogue();
  for (std::size_t size = 0; size < bytes.size(); size += 53) {
    publishing p;
    CHECK(p.feed(byte_view(bytes).first(size)).has_value());
  }
}

TEST_CASE("params of app and publish name are joined and stay out of the key") {
  publishing p;
  p.client.connect_and_publish("live/a/?x=1", "room1?token=s3cret&y=2");
  REQUIRE(p.flush().has_value());
  CHECK(p.events == std::vector<std::string>{"publish live/a/room1 ?x=1&token=s3cret&y=2"});
}

TEST_CASE("a name that makes no stream key is answered with BadName and the reason") {
  for (auto [app, name, why] :
       {std::tuple{"live", "", "empty segment"}, std::tuple{"live", "a b", "byte 0x20"},
        std::tuple{"", "room1", "empty segment"}, std::tuple{"live", "x.flv", ".flv"},
        std::tuple{"live", "x.live", ".live"}, std::tuple{"a/b/c/d", "e", "5 segments"}}) {
    publishing p;
    p.client.connect_and_publish(app, name);
    CHECK(p.flush().has_value());
    CHECK(p.events.empty());
    auto* status = p.answer("onStatus", "NetStream.Publish.BadName");
    REQUIRE(status);
    CHECK(status->description().find(why) != std::string::npos);
    CHECK(status->values[3].find("level")->text() == "error");
  }
}

TEST_CASE("a rejected publisher is told why, its media is dropped, and it may try again") {
  publishing p(decision::reject);
  p.client.connect_and_publish("live", "room1");
  p.client.media(tag_type::video, 0, video_key);
  REQUIRE(p.flush().has_value());
  auto* status = p.answer("onStatus", "NetStream.Publish.Denied");
  REQUIRE(status);
  CHECK(status->description() == "wrong token");
  CHECK(p.tags.empty());
  p.client.command({text("publish"), {7.0}, {amf0_null{}}, text("room2"), text("record")}, 1);
  REQUIRE(p.flush().has_value());
  CHECK(p.events.back() == "publish live/room2 ?");
}

TEST_CASE("a decision may come later; media before it is handed on") {
  publishing p(decision::later);
  p.client.connect_and_publish("live", "room1");
  p.client.media(tag_type::video, 0, video_key);
  REQUIRE(p.flush().has_value());
  CHECK(p.tags.size() == 1);
  CHECK(p.answer("onStatus") == nullptr);
  p.session.accept_publish();
  p.collect();
  CHECK(p.answer("onStatus", "NetStream.Publish.Start"));
  p.session.accept_publish();
  CHECK_FALSE(p.session.has_output());
}

TEST_CASE("an accepted publisher that loses its stream is told so, and what it still sends is dropped") {
  publishing p;
  p.client.connect_and_publish("live", "room1");
  REQUIRE(p.flush().has_value());
  REQUIRE(p.answer("onStatus", "NetStream.Publish.Start"));
  p.session.reject_publish("NetStream.Publish.BadName", "another publisher took it over");
  p.collect();
  CHECK(p.answer("onStatus", "NetStream.Publish.BadName"));
  auto before = p.tags.size();
  p.client.media(tag_type::video, 0, video_key);
  REQUIRE(p.flush().has_value());
  CHECK(p.tags.size() == before);
  p.session.reject_publish("NetStream.Publish.BadName", "again");
  CHECK_FALSE(p.session.has_output());
}

TEST_CASE("a publisher that leaves before the decision has unpublished") {
  publishing p(decision::later);
  p.client.connect_and_publish("live", "room1");
  p.client.command({text("closeStream"), {0.0}, {amf0_null{}}}, 1);
  REQUIRE(p.flush().has_value());
  CHECK(p.events.back() == "unpublish");
  p.session.accept_publish();
  CHECK_FALSE(p.session.has_output());
}

TEST_CASE("deleteStream of another stream does not end the publishing") {
  publishing p;
  p.client.connect_and_publish("live", "room1");
  p.client.command({text("deleteStream"), {8.0}, {amf0_null{}}, {2.0}});
  p.client.command({text("closeStream"), {9.0}, {amf0_null{}}}, 7);
  p.client.media(tag_type::video, 0, video_key);
  REQUIRE(p.flush().has_value());
  CHECK(p.events.size() == 1);
  CHECK(p.tags.size() == 1);
}

TEST_CASE("a second publish on a connection is refused, the first goes on") {
  publishing p;
  p.client.connect_and_publish("live", "room1");
  p.client.command({text("publish"), {7.0}, {amf0_null{}}, text("room2"), text("live")}, 1);
  p.client.media(tag_type::video, 0, video_key);
  REQUIRE(p.flush().has_value());
  CHECK(p.answer("onStatus", "NetStream.Publish.BadName"));
  CHECK(p.events.size() == 1);
  CHECK(p.tags.size() == 1);
}

TEST_CASE("an AMF3 command and data message that hold AMF0 are understood") {
  publishing p;
  p.client.connect_and_publish("live", "room1");
  byte_buffer command{0};
  encode_amf0(command, text("createStream"));
  encode_amf0(command, {40.0});
  p.client.send(message_type::command_amf3, command);
  byte_buffer data{0};
  encode_amf0(data, text("onMetaData"));
  p.client.send(message_type::data_amf3, data, 1, 5);
  REQUIRE(p.flush().has_value());
  CHECK(p.answers.back().values[1].number_or(0) == 40);
  data.erase(data.begin());
  CHECK(p.tags == std::vector<received_tag>{{tag_type::script, 5, data}});
}

TEST_CASE("a client that offers FourCCs is told which ones pass") {
  publishing p;
  p.client.handshake();
  p.client.command({text("connect"),
                    {1.0},
                    object({{"app", text("live")}, {"fourCcList", {amf0_strict_array{{text("hvc1")}}}}})});
  REQUIRE(p.flush().has_value());
  auto* answer = p.answer("_result", "NetConnection.Connect.Success");
  REQUIRE(answer);
  auto& list = std::get<amf0_strict_array>(answer->values[3].find("fourCcList")->data).items;
  std::vector<std::string> codecs;
  for (auto& item : list)
    codecs.emplace_back(item.text());
  CHECK(codecs == std::vector<std::string>{"av01", "hvc1", "avc1", "Opus", "mp4a"});
  CHECK(answer->values[3].find("videoFourCcInfoMap")->find("hvc1")->number_or(0) == 4);
  CHECK(answer->values[3].find("audioFourCcInfoMap")->find("Opus")->number_or(0) == 4);
  CHECK(answer->values[3].find("capsEx")->number_or(-1) == 0);
}

TEST_CASE("a player is told that RTMP is for publishing") {
  publishing p;
  p.client.handshake();
  p.client.connect("live");
  p.client.command({text("createStream"), {2.0}, {amf0_null{}}});
  p.client.command({text("getStreamLength"), {3.0}, {amf0_null{}}, text("room1")});
  p.client.command({text("play"), {4.0}, {amf0_null{}}, text("room1")}, 1);
  REQUIRE(p.flush().has_value());
  CHECK(p.answer("onStatus", "NetStream.Play.Failed"));
}

TEST_CASE("an unknown command gets an error, unless it wants no answer") {
  publishing p;
  p.client.handshake();
  p.client.connect("live");
  p.client.command({text("setPeerInfo"), {9.0}, {amf0_null{}}});
  p.client.command({text("noReply"), {0.0}, {amf0_null{}}});
  REQUIRE(p.flush().has_value());
  CHECK(p.answers.back().values[1].number_or(0) == 9);
  auto* answer = p.answer("_error", "NetConnection.Call.Failed");
  REQUIRE(answer);
  CHECK(answer->description().find("setPeerInfo") != std::string::npos);
}
