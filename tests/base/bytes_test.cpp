#include "base/bytes.hpp"

#include <doctest/doctest.h>

using namespace sluice;

TEST_CASE("fields written big-endian read back the same") {
  byte_buffer buffer;
  byte_writer out(buffer);
  out.u8(0x12);
  out.u16(0x3456);
  out.u24(0x789abc);
  out.u32(0xdef01234);
  out.u64(0x0123456789abcdef);
  out.text("ok");
  byte_reader in(buffer);
  CHECK(in.u8() == 0x12);
  CHECK(in.u16() == 0x3456);
  CHECK(in.u24() == 0x789abc);
  CHECK(in.u32() == 0xdef01234);
  CHECK(in.u64() == 0x0123456789abcdef);
  CHECK(as_text(in.take(2)) == "ok");
  CHECK(in.ok());
  CHECK(in.remaining() == 0);
}

TEST_CASE("a read past the end gives zero and stays failed") {
  byte_buffer buffer{1, 2, 3};
  byte_reader in(buffer);
  CHECK(in.u32() == 0);
  CHECK_FALSE(in.ok());
  CHECK(in.u8() == 0);
  CHECK(in.take(1).empty());
}
