// The RTMP chunk reader on any bytes: cut anywhere it yields the same messages and the same error, and it
// holds no more memory than allowed. What it read, written again, is read the same.
#include "media/rtmp/chunk_reader.hpp"
#include "media/rtmp/chunk_writer.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace sluice;
using namespace sluice::media::rtmp;

constexpr std::size_t cut_bytes = 4;

void expect(bool holds) {
  if (!holds) std::abort();
}

struct outcome {
  byte_buffer messages; // type, stream id, timestamp, size, payload
  std::string failure;
  bool operator==(const outcome&) const = default;
};

void note(outcome& seen, const message& m) {
  byte_writer out(seen.messages);
  out.u8(static_cast<std::uint8_t>(m.type));
  out.u32(m.stream_id);
  out.u32(m.timestamp);
  out.u32(m.payload.size());
  out.bytes(m.payload);
}

outcome read(byte_view input, byte_view cuts, const chunk_limits& limits, byte_buffer* rewritten = nullptr) {
  outcome seen;
  chunk_reader reader(limits);
  chunk_writer writer;
  for (std::size_t i = 0; !input.empty(); ++i) {
    auto size = cuts.empty() ? input.size() : std::min<std::size_t>(input.size(), 1u + cuts[i % cuts.size()]);
    // A copy of exact size, so that a read past the piece is seen.
    byte_buffer exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
    input = input.subspan(size);
    byte_view piece(exact);
    for (;;) {
      auto m = reader.next(piece);
      expect(reader.held() <= limits.max_held);
      if (!m) {
        seen.failure = m.error().message;
        expect(!seen.failure.empty());
        return seen;
      }
      if (!*m) break;
      note(seen, **m);
      if (rewritten) writer.write(*rewritten, 3, **m);
    }
    expect(piece.empty());
  }
  return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < cut_bytes) return 0;
  byte_view cuts(bytes, cut_bytes);
  byte_view input(bytes + cut_bytes, size - cut_bytes);

  chunk_limits roomy{.max_message = 64 * 1024};
  byte_buffer rewritten;
  auto whole = read(input, {}, roomy, &rewritten);
  expect(read(input, cuts, roomy) == whole);

  chunk_limits tight{.max_message = 1024, .max_held = 1500, .max_chunk_streams = 3};
  read(input, cuts, tight);

  auto again = read(rewritten, cuts, roomy);
  expect(again.failure.empty());
  expect(again.messages == whole.messages);
  return 0;
}
