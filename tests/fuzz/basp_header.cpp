// The check of what CAF is given: it refuses the piece in which the first header at fault ends and everything
// after it, and nothing before, however the bytes are chopped.
#include "actors/basp_header.hpp"

#include <algorithm>
#include <cstdlib>

using namespace sluice;
using namespace sluice::actors;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

/// Where the first header ends that may not pass; behind the end if all may.
std::size_t first_fault(byte_view bytes, basp_sender sender) {
  byte_reader in(bytes);
  auto stage = basp_stage::fresh;
  while (in.remaining() >= basp_header_size) {
    auto header = read_basp_header(in.take(basp_header_size).first<basp_header_size>());
    auto next = check_basp_header(header, sender, stage);
    if (!next) return bytes.size() - in.remaining();
    demand(header.payload_size <= max_basp_payload);
    stage = *next;
    in.take(std::min<std::size_t>(header.payload_size, in.remaining()));
  }
  return bytes.size() + 1;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  auto sender = (data[0] & 1) != 0 ? basp_sender::client : basp_sender::server;
  std::size_t step = 1 + data[1];
  byte_view bytes(data + 2, size - 2);
  auto fault = first_fault(bytes, sender);

  basp_filter whole(sender);
  demand(whole.check(bytes).has_value() == (bytes.size() < fault));

  basp_filter pieces(sender);
  auto beyond = std::min(bytes.size(), fault + 2 * step); // what follows the fault is refused alike
  for (std::size_t at = 0; at < beyond; at += step) {
    auto piece = bytes.subspan(at, std::min(step, bytes.size() - at));
    demand(pieces.check(piece).has_value() == (at + piece.size() < fault));
  }
  return 0;
}
