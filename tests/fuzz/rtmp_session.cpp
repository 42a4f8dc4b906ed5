// A whole RTMP session on any bytes. The first byte chooses how the rest is used: as the peer's bytes from
// the first on, as the chunks behind a plain handshake, or as messages to be cut into chunks behind it. Cut
// anywhere, the handler is told the same and the session ends with the same error.
#include "media/rtmp/chunk_writer.hpp"
#include "media/rtmp/session.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace sluice;
using namespace sluice::media;
using namespace sluice::media::rtmp;

constexpr std::size_t cut_bytes = 4;
constexpr std::size_t handshake_bytes = 1 + 2 * handshake_packet_size;

void expect(bool holds) {
  if (!holds) std::abort();
}

enum class decision { accept, reject, later, never };

struct recorder : session_handler {
  server_session* session = nullptr;
  decision answer = decision::accept;
  bool published = false; ///< or asked to, and neither refused nor ended
  byte_buffer seen;
  std::string failure;

  void on_publish(const stream_address& address) override {
    byte_writer out(seen);
    out.u8('p');
    out.text(address.key.str());
    out.text(address.params);
    expect(!std::exchange(published, true));
    if (answer == decision::accept) session->accept_publish();
    if (answer != decision::reject) return;
    session->reject_publish("NetStream.Publish.Denied", "not now");
    published = false;
  }
  void on_media(tag_type type, std::uint32_t timestamp, byte_view data) override {
    expect(published);
    expect(!data.empty());
    byte_writer out(seen);
    out.u8(static_cast<std::uint8_t>(type));
    out.u32(timestamp);
    out.u32(data.size());
    out.bytes(data);
    if (answer == decision::later) session->accept_publish();
  }
  void on_unpublish() override {
    expect(std::exchange(published, false));
    seen.push_back('u');
  }
};

byte_buffer plain_handshake() {
  byte_buffer bytes(handshake_bytes, 0);
  bytes[0] = 3;
  return bytes;
}

// Each message of the input: type, stream id, chunk stream, size (two bytes), payload.
byte_buffer as_chunks(byte_view input) {
  byte_buffer bytes = plain_handshake();
  chunk_writer writer;
  byte_reader in(input);
  while (in.remaining() > 5) {
    message m;
    m.type = message_type{in.u8()};
    m.stream_id = in.u8();
    auto chunk_stream = 2u + in.u8() % 8u;
    m.timestamp = static_cast<std::uint32_t>(in.position()) * 8;
    m.payload = in.take(std::min<std::size_t>(in.u16(), in.remaining()));
    writer.write(bytes, chunk_stream, m);
    if (m.type == message_type::set_chunk_size && m.payload.size() >= 4)
      writer.chunk_size(std::max(1u, byte_reader(m.payload).u32() & 0x7fffffff));
  }
  return bytes;
}

recorder run(byte_view input, byte_view cuts, decision answer, const session_limits& limits) {
  recorder seen;
  server_session session(seen, 1, limits);
  seen.session = &session;
  seen.answer = answer;
  for (std::size_t i = 0; !input.empty(); ++i) {
    auto size =
        cuts.empty() ? input.size() : std::min<std::size_t>(input.size(), 1u + cuts[i % cuts.size()] * 8u);
    byte_buffer piece(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
    input = input.subspan(size);
    auto fed = session.feed(piece);
    if (!cuts.empty()) {
      auto sent = session.take_output();
      expect(!session.has_output());
    }
    if (!fed) {
      seen.failure = fed.error().message;
      expect(session.feed(piece).has_error());
      return seen;
    }
  }
  return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size <= cut_bytes) return 0;
  auto mode = bytes[0];
  byte_view cuts(bytes, cut_bytes);
  byte_view rest(bytes + cut_bytes, size - cut_bytes);
  auto answer = static_cast<decision>(mode >> 2 & 3);

  byte_buffer input;
  if ((mode & 3) == 0) {
    input.assign(rest.begin(), rest.end());
  } else if ((mode & 3) == 1) {
    input = as_chunks(rest);
  } else {
    input = plain_handshake();
    input.insert(input.end(), rest.begin(), rest.end());
  }
  session_limits limits;
  limits.chunks.max_message = 64 * 1024;
  limits.max_output = 16 * 1024 * 1024;
  auto whole = run(input, {}, answer, limits);
  auto pieces = run(input, cuts, answer, limits);
  expect(whole.seen == pieces.seen);
  expect(whole.failure == pieces.failure);
  return 0;
}
