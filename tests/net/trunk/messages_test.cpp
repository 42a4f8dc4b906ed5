#include "net/trunk/messages.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
namespace trunk = sluice::net::trunk;

namespace {

stream::headers some_headers() {
  stream::headers out;
  media::append_tag(out.metadata, media::tag_type::script, 0,
                    as_bytes(std::string_view("\x02\x00\x0aonMetaData\x05", 14)));
  byte_buffer avc{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f};
  media::append_tag(out.video, media::tag_type::video, 0, avc);
  byte_buffer aac{0xaf, 0, 0x12, 0x10};
  media::append_tag(out.audio, media::tag_type::audio, 0, aac);
  out.since = 1234;
  return out;
}

trunk::hello full_hello() {
  trunk::introduction who{trunk::version, "demo", "r1", {}, {}};
  who.nonce.fill(7);
  who.proof.fill(9);
  trunk::log_state log;
  log.log_epoch = epoch{0x0191'2345'6789'abcd};
  log.first = 5'000;
  log.head = 1'000'000'000'000;
  log.join = 6'000;
  log.newest_timestamp = 99;
  log.beat = 3;
  log.orphaned_since = 17;
  log.path = {"o1", "r1"};
  log.headers = some_headers();
  log.present = {true, true};
  log.video = "avc1";
  log.audio = "mp4a";
  log.width = 1280;
  log.height = 720;
  return {who, log, 5'000};
}

template <class T>
T round_trip(const T& m) {
  auto text = trunk::encode(m);
  REQUIRE(text.has_value());
  auto back = trunk::parse(*text);
  REQUIRE(back.has_value());
  REQUIRE(std::holds_alternative<T>(*back));
  return std::get<T>(*back);
}

std::string refusal(std::string_view text) {
  auto parsed = trunk::parse(text);
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error().message;
}

} // namespace

TEST_CASE("a hello with a log reads back") {
  auto said = full_hello();
  auto back = round_trip(said);
  CHECK(back.who == said.who);
  REQUIRE(back.log.has_value());
  CHECK(back.log->log_epoch == said.log->log_epoch);
  CHECK(back.log->first == said.log->first);
  CHECK(back.log->head == said.log->head);
  CHECK(back.log->join == said.log->join);
  CHECK(back.log->newest_timestamp == 99);
  CHECK(back.log->beat == 3);
  CHECK(back.log->orphaned_since == 17);
  CHECK(back.log->path == said.log->path);
  CHECK(back.log->headers.metadata == said.log->headers.metadata);
  CHECK(back.log->headers.video == said.log->headers.video);
  CHECK(back.log->headers.audio == said.log->headers.audio);
  CHECK(back.log->headers.since == 1234);
  CHECK(back.log->present == said.log->present);
  CHECK(back.log->video == "avc1");
  CHECK(back.log->width == 1280);
  CHECK(back.from == 5'000);
}

TEST_CASE("a hello without a log reads back") {
  trunk::hello said;
  said.who = full_hello().who;
  auto back = round_trip(said);
  CHECK(back.who == said.who);
  CHECK_FALSE(back.log.has_value());
  CHECK_FALSE(back.from.has_value());
}

TEST_CASE("the small messages read back") {
  trunk::challenge asked;
  asked.nonce.fill(0xa5);
  CHECK(round_trip(asked) == asked);
  CHECK(round_trip(trunk::tick{77}).head == 77);
  auto beat = round_trip(stream::beat{12, "o1", false, {345, 1'700'000'000'000}, 1'700'000'000'017});
  CHECK(beat.number == 12);
  CHECK(beat.origin == "o1");
  CHECK_FALSE(beat.publisher_live);
  CHECK(beat.newest.timestamp == 345);
  CHECK(beat.newest.unix_ms == 1'700'000'000'000);
  CHECK(round_trip(trunk::path_change{{"o1", "r2"}}).path == std::vector<node_id>{"o1", "r2"});
  auto gap = round_trip(trunk::gap{10, 20, some_headers()});
  CHECK(gap.from == 10);
  CHECK(gap.to == 20);
  CHECK(gap.headers.video == some_headers().video);
  CHECK(round_trip(trunk::end{stream::end_reason::rollover}).reason == stream::end_reason::rollover);
  round_trip(trunk::not_here{});
  round_trip(trunk::searching{});
  round_trip(trunk::release{});
  CHECK(round_trip(trunk::stale{epoch{99}}).newest == epoch{99});
  auto failed = round_trip(trunk::failure{"conflict", std::string(2'000, 'x')});
  CHECK(failed.code == "conflict");
  CHECK(failed.message.size() == trunk::max_explanation);
}

TEST_CASE("unknown fields are ignored and unknown types are told apart") {
  auto tick = trunk::parse(R"({"type":"tick","head":5,"later":{"a":[1,2]}})");
  REQUIRE(tick.has_value());
  CHECK(std::get<trunk::tick>(*tick).head == 5);
  auto unknown = trunk::parse(R"({"type":"teapot","size":3})");
  REQUIRE(unknown.has_value());
  CHECK(std::get<trunk::unknown>(*unknown).type == "teapot");
}

TEST_CASE("an end with the reason of a later version counts as ended") {
  auto parsed = trunk::parse(R"({"type":"end","reason":"moved"})");
  REQUIRE(parsed.has_value());
  CHECK(std::get<trunk::end>(*parsed).reason == stream::end_reason::ended);
}

TEST_CASE("a hello cut anywhere is refused") {
  auto text = *trunk::encode(full_hello());
  for (std::size_t n = 0; n < text.size(); ++n)
    CHECK_FALSE(trunk::parse(std::string_view(text).substr(0, n)).has_value());
}

TEST_CASE("a missing or wrong field is named") {
  CHECK(refusal("[]").find("'type'") != std::string::npos);
  CHECK(refusal(R"({"type":3})").find("'type'") != std::string::npos);
  CHECK(refusal(R"({"type":"tick"})").find("'head'") != std::string::npos);
  CHECK(refusal(R"({"type":"tick","head":-1})").find("'head'") != std::string::npos);
  CHECK(refusal(R"({"type":"tick","head":"1"})").find("'head'") != std::string::npos);
  CHECK(refusal(R"({"type":"path","path":[]})").find("'path'") != std::string::npos);
  CHECK(refusal(R"({"type":"path","path":["a b"]})").find("'path'") != std::string::npos);
  CHECK(refusal(R"({"type":"challenge","version":1,"nonce":"AAAA"})").find("'nonce'") != std::string::npos);
  CHECK(refusal(
            R"({"type":"gap","from":1,"to":2,"headers":{"metadata":"","video":"AAAA","audio":"","since":0}})")
            .find("header tag") != std::string::npos);
}

TEST_CASE("a header of the wrong kind is refused") {
  auto said = full_hello();
  std::swap(said.log->headers.video, said.log->headers.audio);
  CHECK(refusal(*trunk::encode(said)).find("'video'") != std::string::npos);
}

TEST_CASE("messages beyond the limits are refused") {
  CHECK(trunk::parse(std::string(trunk::max_control_message + 1, ' ')).error().code == errc::too_large);
  std::string deep(20, '[');
  CHECK_FALSE(
      trunk::parse(R"({"type":"tick","head":1,"x":)" + deep + std::string(20, ']') + "}").has_value());
  auto said = full_hello();
  byte_buffer large(200 * 1024, 0);
  large[0] = 0x17;
  said.log->headers.video.clear();
  media::append_tag(said.log->headers.video, media::tag_type::video, 0, large);
  auto text = trunk::encode(said);
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().code == errc::too_large);
  std::string names = R"({"type":"path","path":["a")";
  for (std::size_t i = 0; i < trunk::max_path_names; ++i)
    names += R"(,"a")";
  CHECK_FALSE(trunk::parse(names + "]}").has_value());
}
