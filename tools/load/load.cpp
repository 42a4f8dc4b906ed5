// Many viewers in one thread, for measuring: opens a stream N times at an edge, over http:// or ws://, and
// once at its origin, checks every tag of every viewer against what the others got at the same log offset,
// and says what was lost and how late it came. Loopback only. Prints `begin` when all viewers play, then
// `end` and one line of JSON. Status 1: something was lost.
#include "base/bytes.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using sluice::byte_view;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t opens_per_second = 250;
constexpr auto start_limit = std::chrono::seconds(60);
/// Between the last viewer's first tag and the count: what viewers join with was sent before it counts.
constexpr auto settle_time = std::chrono::seconds(3);
constexpr auto largest_lag = std::chrono::seconds(1);
constexpr std::size_t head_size = 11;
constexpr std::size_t tail_size = 4;
constexpr std::size_t largest_response_header = 8192;
/// Of this many viewers one has its media bytes compared too, not only the tags' structure.
constexpr std::size_t sample_every = 10;
constexpr std::uint64_t sum_seed = 14695981039346656037U;

/// One tag of the log as the viewer who had it first got it.
struct known_tag {
  std::array<std::uint8_t, head_size> head;
  std::uint64_t size;
  clock_type::time_point first_seen;
  std::uint64_t sum; ///< FNV-1a of its data; 0 until a viewer of the sample had it
};

/// The log by offset. A viewer that lost or doubled a tag reckons with wrong offsets from there on, so its
/// next tags differ from the others' or overlap them.
using known_log = std::map<std::uint64_t, known_tag>;

/// Places where one tag does not end where the next begins.
std::size_t seams(const known_log& log) {
  std::size_t wrong = 0;
  for (auto at = log.begin(); at != log.end(); ++at)
    if (auto next = std::next(at); next != log.end() && next->first != at->first + at->second.size) ++wrong;
  return wrong;
}

/// Reorders `values`.
double percentile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return static_cast<double>(*at);
}

struct totals {
  bool counting = false;
  clock_type::time_point now;
  std::uint64_t bytes = 0;
  std::uint64_t tags = 0;
  std::size_t playing = 0;
  std::size_t failed = 0; ///< refused, closed, broken or not FLV
  std::size_t wrong_tags = 0;
  std::string first_failure;
  std::vector<float> late_ms;
  known_log log;

  void fail(const std::string& why) {
    if (failed++ == 0) first_failure = why;
  }
};

/// Follows the tags of one viewer's FLV bytes, from the end of the preface on.
class tag_reader {
public:
  tag_reader(totals& all, bool sampled) : all_(all), sampled_(sampled) {}

  void begin_at(std::uint64_t offset, std::uint64_t preface) {
    offset_ = offset;
    skip_ = preface;
  }
  /// When its newest tag first reached anybody.
  [[nodiscard]] clock_type::time_point last_made() const { return last_made_; }

  void feed(byte_view bytes) {
    while (!bytes.empty())
      bytes = bytes.subspan(step(bytes));
  }

private:
  std::size_t step(byte_view bytes) {
    if (skip_ > 0) {
      auto n = std::min<std::size_t>(skip_, bytes.size());
      skip_ -= n;
      return n;
    }
    if (head_got_ < head_size) {
      head_[head_got_++] = bytes[0];
      if (head_got_ == head_size) data_left_ = data_size();
      return 1;
    }
    if (data_left_ > 0) {
      auto data = bytes.first(std::min<std::size_t>(data_left_, bytes.size()));
      if (sampled_)
        for (auto byte : data)
          sum_ = (sum_ ^ byte) * 1099511628211U;
      data_left_ -= data.size();
      return data.size();
    }
    tail_ = tail_ << 8 | bytes[0];
    if (++tail_got_ == tail_size) finish();
    return 1;
  }
  [[nodiscard]] std::uint32_t data_size() const {
    return static_cast<std::uint32_t>(head_[1] << 16 | head_[2] << 8 | head_[3]);
  }
  void finish() {
    auto size = head_size + data_size() + tail_size;
    auto& known = all_.log.try_emplace(offset_, known_tag{head_, size, all_.now, 0}).first->second;
    bool right = known.head == head_ && tail_ == head_size + data_size();
    if (sampled_ && known.sum == 0) known.sum = sum_;
    if (!right || (sampled_ && known.sum != sum_)) ++all_.wrong_tags;
    if (tags_++ == 0) ++all_.playing;
    if (all_.counting) {
      ++all_.tags;
      all_.late_ms.push_back(std::chrono::duration<float, std::milli>(all_.now - known.first_seen).count());
    }
    last_made_ = known.first_seen;
    offset_ += size;
    head_got_ = tail_got_ = 0;
    tail_ = 0;
    sum_ = sum_seed;
  }

  totals& all_;
  bool sampled_;
  clock_type::time_point last_made_;
  std::array<std::uint8_t, head_size> head_{};
  std::size_t head_got_ = 0, tail_got_ = 0;
  std::uint64_t offset_ = 0, skip_ = 0, data_left_ = 0, tags_ = 0;
  std::uint32_t tail_ = 0;
  std::uint64_t sum_ = sum_seed;
};

struct target {
  bool websocket;
  std::uint16_t port; ///< on loopback
  std::string path;
};

class viewer {
public:
  viewer(totals& all, const target& to, int poll, bool counted, bool sampled)
      : all_(all), tags_(all, sampled), to_(to), counted_(counted) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{AF_INET, htons(to.port), {htonl(INADDR_LOOPBACK)}, {}};
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      fail("cannot connect");
    if (fd_ < 0) return;
    std::string ask = "GET " + to.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    if (to.websocket)
      ask += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    send_all(ask + "\r\n");
    epoll_event wanted{EPOLLIN, {.ptr = this}};
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, fd_, &wanted) != 0) fail("cannot be polled");
  }
  ~viewer() {
    if (fd_ >= 0) ::close(fd_);
  }
  viewer(const viewer&) = delete;
  viewer& operator=(const viewer&) = delete;

  /// Fails if what it has is old.
  void expect_fresh(clock_type::time_point now) {
    if (fd_ >= 0 && now - tags_.last_made() > largest_lag) fail("fell behind");
  }

  void on_readable() {
    if (fd_ < 0) return;
    static std::array<std::uint8_t, 1 << 18> buffer;
    auto got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return fail(got == 0 ? "the server ended it" : "the connection broke");
    all_.now = clock_type::now();
    byte_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (all_.counting && counted_) all_.bytes += bytes.size();
    if (!answered_) bytes = read_header(bytes);
    if (fd_ < 0) return;
    if (to_.websocket)
      unframe(bytes);
    else
      tags_.feed(bytes);
  }

private:
  byte_view read_header(byte_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      header_ += static_cast<char>(bytes[i]);
      if (!header_.ends_with("\r\n\r\n")) continue;
      answered_ = true;
      unsigned long long epoch = 0, join = 0, preface = 0;
      auto place = header_.find("Sluice-Log: ");
      if (place == std::string::npos ||
          std::sscanf(header_.c_str() + place, "Sluice-Log: %llu;%llu;%llu", &epoch, &join, &preface) != 3)
        fail(header_.substr(0, header_.find('\r')));
      tags_.begin_at(join, preface);
      return bytes.subspan(i + 1);
    }
    if (header_.size() > largest_response_header) fail("an endless response header");
    return {};
  }

  // RFC 6455 section 5.2; the server sends whole control frames of at most 125 bytes.
  void unframe(byte_view bytes) {
    while (!bytes.empty() && fd_ >= 0) {
      if (payload_ == 0) {
        frame_[frame_got_++] = bytes[0];
        bytes = bytes.subspan(1);
        if (frame_got_ < 2 || frame_got_ < frame_header_size()) continue;
        frame_got_ = 0;
        control_text_.clear();
        payload_ = payload_size();
      }
      auto data = bytes.first(std::min<std::size_t>(payload_, bytes.size()));
      bytes = bytes.subspan(data.size());
      payload_ -= data.size();
      if ((frame_[0] & 8) == 0)
        tags_.feed(data);
      else
        control_text_ += sluice::as_text(data);
      if ((frame_[0] & 8) != 0 && payload_ == 0) on_control(frame_[0] & 15);
    }
  }
  [[nodiscard]] std::size_t frame_header_size() const {
    auto length = frame_[1] & 127;
    return length == 127 ? 10 : length == 126 ? 4 : 2;
  }
  [[nodiscard]] std::uint64_t payload_size() const {
    if (frame_header_size() == 2) return frame_[1] & 127;
    sluice::byte_reader in(byte_view(frame_).subspan(2));
    return frame_header_size() == 4 ? in.u16() : in.u64();
  }
  void on_control(int opcode) {
    if (opcode == 8) return fail("close frame");
    if (opcode != 9) return;
    std::string pong{static_cast<char>(0x8A), static_cast<char>(0x80 | control_text_.size()), 0, 0, 0, 0};
    send_all(pong + control_text_);
  }
  void send_all(const std::string& text) {
    if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
      fail("cannot send");
  }
  void fail(const std::string& why) {
    all_.fail(why);
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  totals& all_;
  tag_reader tags_;
  const target& to_;
  int fd_ = -1;
  bool counted_, answered_ = false;
  std::string header_, control_text_;
  std::array<std::uint8_t, 10> frame_{};
  std::size_t frame_got_ = 0;
  std::uint64_t payload_ = 0;
};

void poll_once(int poll) {
  std::array<epoll_event, 512> events;
  auto n = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 2);
  for (int i = 0; i < n; ++i)
    static_cast<viewer*>(events[static_cast<std::size_t>(i)].data.ptr)->on_readable();
}

void open_all(totals& all, std::vector<std::unique_ptr<viewer>>& viewers, std::size_t wanted,
              const target& origin, const target& edge, int poll) {
  const auto started = clock_type::now();
  while (all.playing < wanted && all.failed == 0) {
    const std::chrono::duration<double> took = clock_type::now() - started;
    while (viewers.size() < std::min(wanted, static_cast<std::size_t>(took.count() * opens_per_second)))
      viewers.push_back(std::make_unique<viewer>(all, viewers.empty() ? origin : edge, poll, !viewers.empty(),
                                                 viewers.size() % sample_every == 0));
    poll_once(poll);
    if (took > start_limit) all.fail("not all viewers play");
  }
}

/// Ends early at the first failure; returns how many seconds it took.
double play(totals& all, int poll, std::chrono::duration<double> how_long) {
  const auto begin = clock_type::now();
  while (clock_type::now() - begin < how_long && all.failed == 0)
    poll_once(poll);
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

int report(totals& all, double seconds) {
  auto lost_seams = seams(all.log);
  bool lost = all.failed + all.wrong_tags + lost_seams > 0;
  std::printf("{\"seconds\": %.3f, \"bytes\": %llu, \"tags\": %llu, \"playing\": %zu, \"failed\": %zu, "
              "\"failure\": \"%s\", \"wrong_tags\": %zu, \"seams\": %zu, \"late_p50_ms\": %.1f, "
              "\"late_p99_ms\": %.1f, \"late_max_ms\": %.1f}\n",
              seconds, static_cast<unsigned long long>(all.bytes), static_cast<unsigned long long>(all.tags),
              all.playing, all.failed, all.first_failure.c_str(), all.wrong_tags, lost_seams,
              percentile(all.late_ms, 0.5), percentile(all.late_ms, 0.99), percentile(all.late_ms, 1));
  return lost ? 1 : 0;
}

} // namespace

int main(int count, char** words) {
  if (count != 7)
    return std::fputs("usage: sluice_load ws|http PATH EDGE-PORT ORIGIN-PORT VIEWERS SECONDS\n", stderr), 2;
  const bool websocket = std::string_view(words[1]) == "ws";
  const target edge{websocket, static_cast<std::uint16_t>(std::atoi(words[3])), words[2]};
  const target origin{websocket, static_cast<std::uint16_t>(std::atoi(words[4])), words[2]};
  const auto wanted = static_cast<std::size_t>(std::atol(words[5])) + 1;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  totals all;
  std::vector<std::unique_ptr<viewer>> viewers;
  open_all(all, viewers, wanted, origin, edge, poll);
  play(all, poll, settle_time);
  std::puts("begin");
  std::fflush(stdout);
  all.counting = true;
  auto seconds = play(all, poll, std::chrono::duration<double>(std::atof(words[6])));
  std::puts("end");
  std::fflush(stdout);
  for (auto& each : viewers)
    each->expect_fresh(clock_type::now());
  return report(all, seconds);
}
