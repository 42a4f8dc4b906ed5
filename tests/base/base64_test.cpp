#include "base/base64.hpp"

#include <doctest/doctest.h>

using namespace sluice;

TEST_CASE("base64 of any length reads back") {
  byte_buffer bytes;
  for (int i = 0; i < 70; ++i) {
    auto back = from_base64(to_base64(bytes));
    REQUIRE(back.has_value());
    CHECK(*back == bytes);
    bytes.push_back(static_cast<std::uint8_t>(i * 37));
  }
  CHECK(to_base64(as_bytes("Sluice")) == "U2x1aWNl");
  CHECK(to_base64(as_bytes("log")) == "bG9n");
  CHECK(to_base64(as_bytes("a")) == "YQ==");
}

TEST_CASE("text that is not base64 is refused") {
  for (auto text : {"YQ=", "YQ", "Y", "====", "Y===", "YQ==YQ==", "Y Q=", "YQ-_"})
    CHECK_FALSE(from_base64(text).has_value());
}
