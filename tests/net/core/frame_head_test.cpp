#include "net/core/frame_head.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice::net;
using opcode = frame_head::opcode;

namespace {

std::vector<int> bytes(boost::asio::const_buffer of) {
  const auto* from = static_cast<const std::uint8_t*>(of.data());
  return {from, from + of.size()};
}

} // namespace

TEST_CASE("a frame's header has the shortest length that fits") {
  frame_head head;
  CHECK(bytes(head.of(opcode::binary, 0)) == std::vector<int>{0x82, 0});
  CHECK(bytes(head.of(opcode::text, 125)) == std::vector<int>{0x81, 125});
  CHECK(bytes(head.of(opcode::text, 126)) == std::vector<int>{0x81, 126, 0, 126});
  CHECK(bytes(head.of(opcode::binary, 65'535)) == std::vector<int>{0x82, 126, 0xff, 0xff});
  CHECK(bytes(head.of(opcode::binary, 65'536)) == std::vector<int>{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0});
}

TEST_CASE("a client's frame says its key, and every byte of the payload is masked with it") {
  std::array<std::uint8_t, 4> key{1, 2, 3, 0x80};
  frame_head head;
  CHECK(bytes(head.of(opcode::text, 5, key)) == std::vector<int>{0x81, 0x85, 1, 2, 3, 0x80});
  for (std::size_t size = 0; size < 20; ++size) {
    std::string payload(size, 'a');
    mask_payload(payload, key);
    for (std::size_t i = 0; i < size; ++i)
      CHECK(static_cast<std::uint8_t>(payload[i]) == ('a' ^ key[i % 4]));
  }
}
