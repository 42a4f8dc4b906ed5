#include "viewer.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::load {

namespace {

constexpr std::size_t largest_response_header = 8192;
constexpr int small_receive_buffer = 65536; // a slow reader's: the kernel must not hide that it is slow

sockaddr_in loopback(unsigned host, std::uint16_t port) {
  return {AF_INET, htons(port), {htonl(0x7f000000u + host)}, {}};
}

} // namespace

load_viewer::load_viewer(const viewer_place& to, unsigned from, manner how, findings& found,
                         known_pictures& known)
    : to_(to), how_(how), follower_(found, known), started_us_(mark_clock()) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (how == manner::slow || how == manner::stopped)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small_receive_buffer, sizeof small_receive_buffer);
  int on = 1;
  // One address has 28 thousand ports; the port is chosen when the connection is made.
  ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  auto here = loopback(from, 0), there = loopback(1, to_.port);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
      ::connect(fd_, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
    fail(std::string("cannot connect: ") + std::strerror(errno));
  else
    ask();
}

load_viewer::~load_viewer() {
  if (fd_ >= 0) ::close(fd_);
}

void load_viewer::ask() {
  std::string text = "GET " + to_.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  // The key of RFC 6455's example: the floor knows the answer to no other.
  if (to_.websocket)
    text += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  text += "\r\n";
  if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    fail("cannot ask");
}

std::uint64_t load_viewer::longest_gap_us(std::uint64_t now_us) const noexcept {
  return std::max(longest_gap_us_, last_byte_us_ == 0 ? 0 : now_us - std::min(now_us, last_byte_us_));
}

void load_viewer::read(std::size_t limit, std::uint64_t now_us) {
  static std::array<std::uint8_t, 1 << 18> buffer;
  if (fd_ < 0) return;
  bool count_only = how_ != manner::checked && first_picture_us_ > 0;
  // With MSG_TRUNC, TCP drops the bytes where they are.
  auto got = ::recv(fd_, buffer.data(), count_only ? limit : std::min(limit, buffer.size()),
                    MSG_DONTWAIT | (count_only ? MSG_TRUNC : 0));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return fail(got == 0 ? "the server ended it" : "the connection broke");
  bytes_ += static_cast<std::uint64_t>(got);
  if (last_byte_us_ > 0)
    longest_gap_us_ = std::max(longest_gap_us_, now_us - std::min(now_us, last_byte_us_));
  last_byte_us_ = now_us;
  if (count_only) return;
  byte_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (!answered_) bytes = read_header(bytes);
  if (fd_ < 0) return;
  if (to_.websocket)
    unframe(bytes, now_us);
  else
    take_media(bytes, now_us);
}

byte_view load_viewer::read_header(byte_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    header_ += static_cast<char>(bytes[i]);
    if (!header_.ends_with("\r\n\r\n")) continue;
    answered_ = true;
    if (!header_.starts_with("HTTP/1.1 200") && !header_.starts_with("HTTP/1.1 101"))
      fail(header_.substr(0, header_.find('\r')));
    std::string().swap(header_);
    return bytes.subspan(i + 1);
  }
  if (header_.size() > largest_response_header) fail("an endless response header");
  return {};
}

// RFC 6455 section 5.2; a server's frames are not masked.
void load_viewer::unframe(byte_view bytes, std::uint64_t now_us) {
  while (!bytes.empty() && fd_ >= 0) {
    if (payload_left_ == 0) {
      frame_.push_back(bytes[0]);
      bytes = bytes.subspan(1);
      if (frame_.size() < 2) continue;
      auto length = frame_[1] & 127u;
      std::size_t length_size = length == 127 ? 8 : length == 126 ? 2 : 0;
      if (frame_.size() < 2 + length_size) continue;
      byte_reader in(byte_view(frame_).subspan(2));
      payload_left_ = length_size == 8 ? in.u64() : length_size == 2 ? in.u16() : length;
      control_.clear();
    }
    auto part = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size())));
    bytes = bytes.subspan(part.size());
    payload_left_ -= part.size();
    bool control = (frame_[0] & 8) != 0;
    if (control)
      control_ += as_text(part);
    else
      take_media(part, now_us);
    if (payload_left_ > 0) continue;
    if (control) on_control();
    frame_.clear();
  }
}

void load_viewer::take_media(byte_view bytes, std::uint64_t now_us) {
  if (bytes.empty()) return;
  if (first_byte_us_ == 0) first_byte_us_ = now_us - started_us_;
  follower_.feed(bytes, now_us);
  if (first_picture_us_ == 0 && follower_.has_picture()) first_picture_us_ = now_us - started_us_;
}

void load_viewer::on_control() {
  auto opcode = frame_[0] & 15;
  if (opcode == 8) return fail("close frame: " + control_.substr(std::min<std::size_t>(2, control_.size())));
  if (opcode != 9) return;
  std::string pong{static_cast<char>(0x8A), static_cast<char>(0x80 | control_.size()), 0, 0, 0, 0};
  pong += control_;
  ::send(fd_, pong.data(), pong.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void load_viewer::fail(std::string why) {
  failure_ = std::move(why);
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

} // namespace sluice::load
