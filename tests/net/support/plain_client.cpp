#include "net/support/plain_client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sluice::test {

namespace {
constexpr int patience_ms = 5'000;
}

plain_client::plain_client(std::uint16_t port, int receive_buffer) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
}

plain_client::~plain_client() {
  close();
}

void plain_client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool plain_client::send(std::string_view text) {
  return send(byte_view(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

bool plain_client::send(byte_view bytes) {
  while (!bytes.empty()) {
    auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

void plain_client::end_sending() {
  ::shutdown(fd_, SHUT_WR);
}

bool plain_client::fill() {
  if (over_) return false;
  pollfd one{fd_, POLLIN, 0};
  if (::poll(&one, 1, patience_ms) == 0) throw std::runtime_error("the server said nothing for five seconds");
  std::uint8_t piece[64 * 1024];
  auto n = ::recv(fd_, piece, sizeof piece, 0);
  if (n <= 0) {
    over_ = true;
    return false;
  }
  have_.insert(have_.end(), piece, piece + n);
  return true;
}

std::string plain_client::read_head() {
  const std::string_view mark = "\r\n\r\n";
  auto at = have_.end();
  while ((at = std::search(have_.begin(), have_.end(), mark.begin(), mark.end())) == have_.end())
    if (!fill()) break;
  auto end = at == have_.end() ? at : at + static_cast<std::ptrdiff_t>(mark.size());
  std::string head(have_.begin(), end);
  have_.erase(have_.begin(), end);
  return head;
}

byte_buffer plain_client::read(std::size_t n) {
  while (have_.size() < n && fill()) {
  }
  auto end = have_.begin() + static_cast<std::ptrdiff_t>(std::min(n, have_.size()));
  byte_buffer out(have_.begin(), end);
  have_.erase(have_.begin(), end);
  return out;
}

byte_buffer plain_client::read_some() {
  if (have_.empty()) (void)fill();
  return std::exchange(have_, {});
}

byte_buffer plain_client::read_to_end() {
  while (fill()) {
  }
  return std::exchange(have_, {});
}

std::string plain_client::read_text_to_end() {
  auto bytes = read_to_end();
  return {bytes.begin(), bytes.end()};
}

bool plain_client::ended() {
  return have_.empty() && !fill();
}

bool plain_client::silent(int ms) {
  pollfd one{fd_, POLLIN, 0};
  return have_.empty() && ::poll(&one, 1, ms) == 0;
}

std::string request(std::uint16_t port, const std::string& text) {
  plain_client client(port);
  client.send(text);
  return client.read_text_to_end();
}

std::string get(std::uint16_t port, const std::string& target) {
  return request(port, "GET " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
}

int ws_frame::close_code() const {
  return opcode == 8 && payload.size() >= 2 ? payload[0] << 8 | payload[1] : 0;
}

std::string ws_client::upgrade(const std::string& target) {
  send("GET " + target +
       " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  return read_head();
}

ws_frame ws_client::next() {
  auto start = read(2);
  if (start.size() < 2) return {};
  std::uint64_t size = start[1] & 0x7f;
  if (size >= 126) {
    auto wide = read(size == 126 ? 2 : 8);
    size = 0;
    for (auto byte : wide)
      size = size << 8 | byte;
  }
  return {start[0] & 0x0f, read(static_cast<std::size_t>(size))};
}

byte_buffer ws_client::media(std::size_t n) {
  byte_buffer out;
  while (out.size() < n) {
    auto frame = next();
    if (frame.opcode != 2 && frame.opcode != 0) break;
    out.insert(out.end(), frame.payload.begin(), frame.payload.end());
  }
  return out;
}

ws_frame ws_client::until_close() {
  for (;;) {
    auto frame = next();
    if (frame.opcode == 8 || frame.opcode == -1) return frame;
  }
}

void ws_client::say(int opcode, byte_view payload) {
  byte_buffer out{
      static_cast<std::uint8_t>(0x80 | opcode), static_cast<std::uint8_t>(0x80 | payload.size()), 1, 2, 3, 4};
  for (std::size_t i = 0; i < payload.size(); ++i)
    out.push_back(static_cast<std::uint8_t>(payload[i] ^ (i % 4 + 1)));
  send(out);
}

std::string header_value(const std::string& head, const std::string& name) {
  auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  at += name.size() + 4;
  return head.substr(at, head.find("\r\n", at) - at);
}

} // namespace sluice::test
