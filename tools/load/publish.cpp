// Many RTMP publishers in one thread, for measuring: each sends the same film at the speed of its clock, over
// and over, until SIGTERM. Loopback only. Prints `ready` when all of them play, and at the end one line of
// JSON. Status 1: one of them failed.
#include "rtmp_publisher.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <queue>
#include <sys/epoll.h>
#include <sys/resource.h>

namespace {

using namespace sluice::load;
using clock_type = rtmp_publisher::clock;

constexpr auto start_limit = std::chrono::seconds(20);

volatile std::sig_atomic_t ended = 0;

class publishers {
public:
  publishers(const clip& film, std::uint16_t port, const std::string& key, std::size_t count)
      : poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    auto slash = key.rfind('/');
    for (std::size_t i = 0; i < count; ++i) {
      auto name = count == 1 ? key.substr(slash + 1) : fmt::format("{}{}", key.substr(slash + 1), i);
      all_.push_back(std::make_unique<rtmp_publisher>(film, port, key.substr(0, slash), name));
      epoll_event wanted{EPOLLIN | EPOLLOUT | EPOLLET, {.u64 = i}};
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, all_.back()->fd(), &wanted);
    }
  }

  /// Until every publisher was let in.
  bool start() {
    auto limit = clock_type::now() + start_limit;
    auto waiting = [](const auto& p) { return !p->started() && p->failure().empty(); };
    while (std::any_of(all_.begin(), all_.end(), waiting)) {
      if (clock_type::now() > limit) return false;
      poll(10);
    }
    // Their clocks are spread over a second, so that pictures do not come all at once.
    auto now = clock_type::now();
    for (std::size_t i = 0; i < all_.size(); ++i) {
      all_[i]->begin(now + std::chrono::microseconds(1'000'000 * i / all_.size()));
      next_.push({all_[i]->due(), i});
    }
    return !failed();
  }

  void run() {
    while (!ended && !failed()) {
      auto now = clock_type::now();
      while (next_.top().first <= now) {
        auto which = next_.top().second;
        next_.pop();
        all_[which]->advance(now);
        next_.push({all_[which]->due(), which});
      }
      auto left = std::chrono::ceil<std::chrono::milliseconds>(next_.top().first - clock_type::now());
      poll(std::max<int>(0, static_cast<int>(left.count())));
    }
  }

  [[nodiscard]] const std::string* failed() const {
    for (const auto& p : all_)
      if (!p->failure().empty()) return &p->failure();
    return nullptr;
  }
  [[nodiscard]] std::uint64_t sent_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& p : all_)
      sum += p->sent_bytes();
    return sum;
  }
  [[nodiscard]] double worst_delay_ms() const {
    clock_type::duration worst{};
    for (const auto& p : all_)
      worst = std::max(worst, p->worst_delay());
    return std::chrono::duration<double, std::milli>(worst).count();
  }

private:
  void poll(int milliseconds) {
    std::array<epoll_event, 256> events;
    auto n = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), milliseconds);
    for (int i = 0; i < n; ++i) {
      auto& which = *all_[events[static_cast<std::size_t>(i)].data.u64];
      which.on_readable();
      which.on_writable();
    }
  }

  int poll_;
  std::vector<std::unique_ptr<rtmp_publisher>> all_;
  std::priority_queue<std::pair<clock_type::time_point, std::size_t>,
                      std::vector<std::pair<clock_type::time_point, std::size_t>>, std::greater<>>
      next_;
};

} // namespace

int main(int count, char** words) {
  std::string file, key = "live/room1";
  std::uint16_t port = 1935;
  std::size_t streams = 1;
  CLI::App app("Publishes a film to an origin on this machine, paced, as one stream or many.",
               "sluice_publish");
  app.add_option("FILE", file, "FLV, H.264 and AAC")->required();
  app.add_option("--port", port, "The origin's RTMP port")->capture_default_str();
  app.add_option("--key", key, "The stream's key; with several, a number follows it")->capture_default_str();
  app.add_option("--streams", streams, "How many")->capture_default_str()->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, count, words);
  std::signal(SIGTERM, [](int) { ended = 1; });
  std::signal(SIGINT, [](int) { ended = 1; });
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  auto film = read_clip(file);
  if (!film) return fmt::print(stderr, "sluice_publish: {}\n", film.error().message), 2;
  publishers all(*film, port, key, streams);
  if (!all.start()) {
    const auto* why = all.failed();
    return fmt::print(stderr, "sluice_publish: {}\n", why ? *why : "the origin did not let all in"), 1;
  }
  fmt::print("ready\n");
  std::fflush(stdout);
  all.run();
  const auto* why = all.failed();
  fmt::print("{{\"sent_bytes\": {}, \"worst_delay_ms\": {:.1f}, \"failure\": \"{}\"}}\n", all.sent_bytes(),
             all.worst_delay_ms(), why ? *why : "");
  return why ? 1 : 0;
}
