#include "media/rtmp/amf0.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::media::rtmp;

namespace {

amf0_value text(std::string_view of) {
  return {std::string(of)};
}

byte_buffer encode(const amf0_value& value) {
  byte_buffer out;
  encode_amf0(out, value);
  return out;
}

std::string failure(byte_view bytes, const amf0_limits& limits = {}) {
  auto values = decode_all_amf0(bytes, limits);
  REQUIRE(values.has_error());
  return values.error().message;
}

amf0_value everything() {
  return {amf0_object{{{"number", {1.5}},
                       {"flag", {true}},
                       {"text", text("room1")},
                       {"null", {amf0_null{}}},
                       {"undefined", {amf0_undefined{}}},
                       {"object", {amf0_object{{{"inner", {2.0}}}}}},
                       {"map", {amf0_ecma_array{{{"width", {320.0}}}}}},
                       {"list", {amf0_strict_array{{text("av01"), {3.0}}}}},
                       {"date", {amf0_date{1e12}}},
                       {"long", {std::string(70000, 'x')}}}}};
}

constexpr amf0_limits long_strings{.max_string = 100000};

} // namespace

TEST_CASE("every AMF0 type comes back as it was encoded") {
  auto bytes = encode(everything());
  auto values = decode_all_amf0(bytes, long_strings);
  REQUIRE(values.has_value());
  REQUIRE(values->size() == 1);
  auto& object = values->front();
  CHECK(encode(object) == bytes);
  CHECK(object.find("number")->number_or(0) == 1.5);
  CHECK(std::get<bool>(object.find("flag")->data));
  CHECK(object.find("text")->text() == "room1");
  CHECK(object.find("object")->find("inner")->number_or(0) == 2.0);
  CHECK(object.find("map")->find("width")->number_or(0) == 320);
  CHECK(std::get<amf0_strict_array>(object.find("list")->data).items.size() == 2);
  CHECK(std::get<amf0_date>(object.find("date")->data).unix_ms == 1e12);
  CHECK(object.find("long")->text().size() == 70000);
  CHECK(object.find("absent") == nullptr);
}

TEST_CASE("a value asked for as another type gives the fallback") {
  CHECK(text("7").number_or(-1) == -1);
  CHECK(amf0_value{7.0}.text().empty());
  CHECK(amf0_value{7.0}.find("x") == nullptr);
}

TEST_CASE("AMF0 cut at any byte is malformed, never a crash or a value") {
  auto bytes = encode(everything());
  for (std::size_t size = 1; size < bytes.size(); size += size < 400 ? 1 : 997) {
    auto values = decode_all_amf0(byte_view(bytes).first(size), long_strings);
    REQUIRE(values.has_error());
    CHECK(values.error().code == errc::malformed);
  }
}

TEST_CASE("AMF0 nested deeper than the limit is refused") {
  byte_buffer bytes;
  for (int i = 0; i < 100000; ++i)
    byte_writer(bytes).bytes(byte_buffer{0x03, 0x00, 0x01, 'a'});
  CHECK(failure(bytes).find("nested deeper than 16") != std::string::npos);
  byte_buffer arrays;
  for (int i = 0; i < 17; ++i)
    byte_writer(arrays).bytes(byte_buffer{0x0a, 0, 0, 0, 1});
  CHECK(failure(arrays).find("nested deeper than 16") != std::string::npos);
  byte_buffer just_right;
  for (int i = 0; i < 15; ++i)
    byte_writer(just_right).bytes(byte_buffer{0x0a, 0, 0, 0, 1});
  just_right.push_back(0x05);
  CHECK(decode_all_amf0(just_right).has_value());
}

TEST_CASE("an AMF0 array that lies about its count takes no memory and is refused") {
  CHECK(failure(byte_buffer{0x0a, 0xff, 0xff, 0xff, 0xff}).find("4294967295 values") != std::string::npos);
  CHECK(failure(byte_buffer{0x0a, 0, 0, 0x10, 0}).find("end inside") != std::string::npos);
}

TEST_CASE("an ECMA array's count is only a hint") {
  auto bytes = encode({amf0_ecma_array{{{"a", {1.0}}}}});
  bytes[1] = 0xff;
  auto values = decode_all_amf0(bytes);
  REQUIRE(values.has_value());
  CHECK(values->front().find("a")->number_or(0) == 1);
}

TEST_CASE("more AMF0 values than the limit are refused, in one array or in a row") {
  byte_buffer nulls(5000, 0x05);
  CHECK(failure(nulls).find("more than 4096 values") != std::string::npos);
}

TEST_CASE("an AMF0 string over the limit is refused by its claimed size") {
  CHECK(failure(byte_buffer{0x0c, 0xff, 0xff, 0xff, 0xff}).find("4294967295 bytes") != std::string::npos);
  CHECK(failure(encode(text("12345")), {.max_string = 4}).find("5 bytes at offset 0; at most 4") !=
        std::string::npos);
}

TEST_CASE("AMF0 markers that are not supported are named with their offset") {
  for (auto marker : {0x04, 0x07, 0x09, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0xff}) {
    byte_buffer bytes{0x05, static_cast<std::uint8_t>(marker), 0, 0, 0, 0};
    auto values = decode_all_amf0(bytes);
    REQUIRE(values.has_error());
    CHECK(values.error().code == errc::unsupported);
    CHECK(values.error().message.find("at offset 1") != std::string::npos);
  }
  CHECK(failure(byte_buffer{0x11, 0x0a}).find("AMF3") != std::string::npos);
}
