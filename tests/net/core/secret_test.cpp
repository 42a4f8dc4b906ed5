#include "net/core/secret.hpp"

#include <doctest/doctest.h>
#include <openssl/hmac.h>

using namespace sluice;
using namespace sluice::net;

TEST_CASE("the code depends on the secret, on each piece and on where a piece ends") {
  auto base = hmac_sha256("secret", {as_bytes("ab"), as_bytes("c")});
  CHECK(base == hmac_sha256("secret", {as_bytes("ab"), as_bytes("c")}));
  CHECK(base != hmac_sha256("Secret", {as_bytes("ab"), as_bytes("c")}));
  CHECK(base != hmac_sha256("secret", {as_bytes("a"), as_bytes("bc")}));
  CHECK(base != hmac_sha256("secret", {as_bytes("abc")}));
}

TEST_CASE("the code is HMAC-SHA256 of the length-prefixed pieces") {
  std::string_view text("\0\0\0\x02hi", 6);
  mac expected{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), "Jefe", 4, as_bytes(text).data(), text.size(), expected.data(), &size);
  CHECK(hmac_sha256("Jefe", {as_bytes("hi")}) == expected);
}

TEST_CASE("an empty secret gives one value, whatever was computed before") {
  auto first = hmac_sha256("", {as_bytes("x")});
  auto other = hmac_sha256("key", {as_bytes("x")});
  CHECK(first == hmac_sha256(std::string_view{}, {as_bytes("x")}));
  CHECK(first != other);
}

TEST_CASE("nonces differ, and comparison tells equal from unequal") {
  auto a = random_nonce();
  auto b = random_nonce();
  CHECK(a != b);
  CHECK(equal_in_constant_time(a, a));
  CHECK_FALSE(equal_in_constant_time(a, b));
  CHECK_FALSE(equal_in_constant_time(a, byte_view(a).first(31)));
}
