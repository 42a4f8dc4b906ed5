// The guard's header check: what passes is a prefix of what came, piecewise or whole, and every passed header
// would be accepted again.
#include "net/control/basp_header.hpp"

#include <algorithm>
#include <cstdlib>

using namespace sluice;
using namespace sluice::net;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

void demand_headers_hold(const byte_buffer& passed, basp_sender sender) {
  byte_reader in(passed);
  auto stage = basp_stage::fresh;
  while (in.remaining() > 0) {
    demand(in.remaining() >= basp_header_size);
    auto header = read_basp_header(in.take(basp_header_size).first<basp_header_size>());
    auto next = check_basp_header(header, sender, stage);
    demand(next.has_value());
    stage = *next;
    demand(header.payload_size <= max_basp_payload);
    in.take(std::min<std::size_t>(header.payload_size, in.remaining()));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  auto sender = (data[0] & 1) != 0 ? basp_sender::client : basp_sender::server;
  std::size_t step = 1 + data[1];
  byte_view bytes(data + 2, size - 2);

  basp_filter whole(sender);
  byte_buffer passed_whole;
  auto verdict_whole = whole.pass(bytes, passed_whole);

  basp_filter pieces(sender);
  byte_buffer passed;
  result<void> verdict;
  for (std::size_t at = 0; at < bytes.size() && verdict; at += step)
    verdict = pieces.pass(bytes.subspan(at, std::min(step, bytes.size() - at)), passed);

  demand(verdict.has_value() == verdict_whole.has_value());
  demand(passed == passed_whole);
  demand(passed.size() <= bytes.size() && std::equal(passed.begin(), passed.end(), bytes.begin()));
  demand_headers_hold(passed, sender);
  return 0;
}
