#include "rtmp_publisher.hpp"

#include "media/rtmp/amf0.hpp"
#include "media/rtmp/handshake.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::load {

using namespace media::rtmp;

namespace {

constexpr std::uint32_t chunk_size = 65536;
constexpr std::uint32_t media_stream = 1;
constexpr std::size_t answer_kept = 8192;

amf0_value text(std::string_view of) {
  return {std::string(of)};
}

byte_buffer encode(const std::vector<amf0_value>& values) {
  byte_buffer out;
  for (const auto& value : values)
    encode_amf0(out, value);
  return out;
}

} // namespace

rtmp_publisher::rtmp_publisher(const clip& film, std::uint16_t port, const std::string& app,
                               const std::string& name)
    : film_(film) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    fail(std::string("cannot connect: ") + std::strerror(errno));
  int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (failure_.empty()) ask(app, name);
}

rtmp_publisher::~rtmp_publisher() {
  if (fd_ >= 0) ::close(fd_);
}

// The whole dialogue at once; the server's answers come in the same order.
void rtmp_publisher::ask(const std::string& app, const std::string& name) {
  byte_buffer hands(1 + 2 * handshake_packet_size, 0);
  hands[0] = 3;
  out_ = hands;
  byte_buffer size;
  byte_writer(size).u32(chunk_size);
  send(message_type::set_chunk_size, size, 0, 0);
  writer_.chunk_size(chunk_size);
  send(message_type::command_amf0,
       encode({text("connect"),
               {1.0},
               {amf0_object{{{"app", text(app)}, {"tcUrl", text("rtmp://localhost/" + app)}}}}}),
       0, 0);
  send(message_type::command_amf0, encode({text("createStream"), {2.0}, {amf0_null{}}}), 0, 0);
  send(message_type::command_amf0, encode({text("publish"), {3.0}, {amf0_null{}}, text(name), text("live")}),
       media_stream, 0);
  flush();
}

void rtmp_publisher::send(message_type type, byte_view payload, std::uint32_t stream,
                          std::uint32_t timestamp) {
  auto chunk_stream =
      type <= message_type::set_peer_bandwidth ? 2u : 3u + static_cast<std::uint32_t>(type) % 5u;
  writer_.write(out_, chunk_stream, {type, stream, timestamp, payload});
}

rtmp_publisher::clock::time_point rtmp_publisher::due() const {
  return begin_ + std::chrono::milliseconds(round_ms_ + film_.tags[next_].timestamp);
}

void rtmp_publisher::advance(clock::time_point now) {
  while (failure_.empty() && due() <= now) {
    const auto& tag = film_.tags[next_];
    worst_delay_ = std::max(worst_delay_, now - due());
    if (!tag.header || round_ms_ == 0) {
      auto type = static_cast<message_type>(tag.type);
      auto timestamp = round_ms_ + tag.timestamp;
      if (tag.type == media::tag_type::video && !tag.header)
        send(type, with_mark(tag, {mark_clock(), ++pictures_}), media_stream, timestamp);
      else
        send(type, tag.data, media_stream, timestamp);
    }
    if (++next_ == film_.tags.size()) {
      next_ = 0;
      round_ms_ += film_.length_ms;
    }
  }
  flush();
}

void rtmp_publisher::flush() {
  while (out_at_ < out_.size() && failure_.empty()) {
    auto sent = ::send(fd_, out_.data() + out_at_, out_.size() - out_at_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return fail(std::string("cannot send: ") + std::strerror(errno));
    out_at_ += static_cast<std::size_t>(sent);
    sent_bytes_ += static_cast<std::uint64_t>(sent);
  }
  out_.clear();
  out_at_ = 0;
}

void rtmp_publisher::on_readable() {
  char bytes[4096];
  auto got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return fail("the server ended it");
  if (started_) return;
  answer_.append(bytes, static_cast<std::size_t>(got));
  started_ = answer_.find("NetStream.Publish.Start") != std::string::npos;
  if (answer_.find("NetStream.Publish.BadName") != std::string::npos) return fail("BadName");
  if (answer_.size() > answer_kept) return fail("no answer to publish");
}

void rtmp_publisher::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
}

} // namespace sluice::load
