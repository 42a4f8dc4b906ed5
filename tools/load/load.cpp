// Many viewers in one thread, for measuring: opens streams N times at a server on this machine, checks every
// picture of some viewers and counts the bytes of the others. Prints `begin` when all play. Each line that
// comes on standard input is answered by one line of JSON: what came since `begin` or the line before. Ends
// with its input. Status 1: not all play.
#include "viewer.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace sluice::load;

constexpr std::uint64_t second_us = 1'000'000;
constexpr std::uint64_t start_limit_us = 90 * second_us;
constexpr std::uint64_t storm_after_us = 3 * second_us;
constexpr std::uint64_t slow_step_us = second_us / 20;
constexpr std::size_t viewers_per_address = 25'000;
constexpr std::size_t read_at_once = 4 << 20;
constexpr std::uint64_t standard_input = ~std::uint64_t{0}; // among the viewers' numbers

struct plan {
  std::string scheme = "ws", key = "live/room1";
  std::uint16_t port = 8080;
  std::size_t viewers = 1000, streams = 1, slow = 0, stopped = 0, storm = 0;
  std::size_t check_every = 20, slow_rate = 31'250;
  double ramp = 500, settle = 3, look_ms = 0;
};

/// Reorders `values`.
double percentile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return static_cast<double>(*at);
}

std::string spread_of(std::vector<float> values) {
  return fmt::format("{{\"n\": {}, \"p50\": {:.2f}, \"p99\": {:.2f}, \"max\": {:.2f}}}", values.size(),
                     percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1));
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class audience {
public:
  explicit audience(const plan& wanted)
      : plan_(wanted), known_(wanted.streams), poll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  /// Opens the viewers, at the plan's pace, until all have a picture. False when that takes too long.
  bool open() {
    const auto count = plan_.viewers + plan_.slow + plan_.stopped;
    const auto begin = mark_clock();
    std::size_t playing = 0;
    while (playing < count) {
      auto now = mark_clock();
      if (now - begin > start_limit_us) return false;
      auto due = static_cast<std::size_t>(static_cast<double>(now - begin) * 1e-6 * plan_.ramp) + 1;
      while (viewers_.size() < std::min(count, due))
        add(manner_of(viewers_.size()));
      turn();
      playing = static_cast<std::size_t>(std::count_if(viewers_.begin(), viewers_.end(), [](const auto& v) {
        return v->first_picture_us() > 0 || !v->failure().empty();
      }));
    }
    return true;
  }

  void settle() {
    const auto end = mark_clock() + static_cast<std::uint64_t>(plan_.settle * 1e6);
    while (mark_clock() < end)
      turn();
    first_storm_ = viewers_.size();
  }

  /// Until standard input ends.
  void answer() {
    epoll_event wanted{EPOLLIN, {.u64 = standard_input}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, STDIN_FILENO, &wanted);
    const auto begin = mark_clock();
    count_from_now();
    while (!ended_) {
      auto now = mark_clock();
      if (now > begin + storm_after_us) {
        auto due = static_cast<std::size_t>((now - begin - storm_after_us) * plan_.storm / second_us) + 1;
        for (; storm_opened_ < std::min(plan_.storm, due); ++storm_opened_)
          add(manner::counted);
      }
      turn();
    }
  }

  void report() {
    auto now = mark_clock();
    auto seconds = static_cast<double>(now - begin_us_) * 1e-6;
    std::vector<float> bytes_ms, pictures_ms, storm_ms, gaps_ms, behind_ms;
    std::size_t failed = 0, stopped_ended = 0;
    std::string failure;
    for (std::size_t i = 0; i < viewers_.size(); ++i) {
      const auto& v = *viewers_[i];
      bool healthy = v.how() == manner::checked || v.how() == manner::counted;
      if (!healthy && !v.failure().empty()) ++stopped_ended;
      if (healthy && !v.failure().empty() && failed++ == 0) failure = v.failure();
      auto ms = [](std::uint64_t us) { return static_cast<float>(us) / 1000; };
      if (i >= first_storm_) {
        if (v.first_picture_us() > 0) storm_ms.push_back(ms(v.first_picture_us()));
      } else if (healthy) {
        bytes_ms.push_back(ms(v.first_byte_us()));
        pictures_ms.push_back(ms(v.first_picture_us()));
        gaps_ms.push_back(ms(v.longest_gap_us(now)));
        if (v.how() == manner::checked) behind_ms.push_back(ms(v.behind_us(now)));
      }
    }
    auto pauses = std::count_if(gaps_ms.begin(), gaps_ms.end(), [](float ms) { return ms > 1000; });
    fmt::print(
        "{{\"seconds\": {:.3f}, \"bytes\": {}, \"viewers\": {}, \"failed\": {}, \"failure\": \"{}\", "
        "\"slow_ended\": {}, \"pictures\": {}, \"lost\": {}, \"doubled\": {}, \"wrong\": {}, "
        "\"pauses_over_1s\": {}, \"client_cpu\": {:.2f}, \"age_ms\": {}, \"gap_ms\": {}, "
        "\"behind_ms\": {}, \"first_byte_ms\": {}, \"first_picture_ms\": {}, \"storm_picture_ms\": {}}}\n",
        seconds, bytes() - begin_bytes_, viewers_.size(), failed, failure, stopped_ended, found_.pictures,
        found_.lost, found_.doubled, found_.wrong, pauses, cpu_seconds() - begin_cpu_,
        spread_of(found_.age_ms), spread_of(gaps_ms), spread_of(behind_ms), spread_of(bytes_ms),
        spread_of(pictures_ms), spread_of(storm_ms));
    std::fflush(stdout);
  }

private:
  [[nodiscard]] manner manner_of(std::size_t index) const {
    if (index >= plan_.viewers + plan_.slow) return manner::stopped;
    if (index >= plan_.viewers) return manner::slow;
    return index % plan_.check_every == 0 ? manner::checked : manner::counted;
  }

  void add(manner how) {
    auto stream = viewers_.size() % plan_.streams;
    auto key = plan_.streams == 1 ? plan_.key : fmt::format("{}{}", plan_.key, stream);
    auto from = static_cast<unsigned>(1 + viewers_.size() / viewers_per_address);
    viewers_.push_back(
        std::make_unique<load_viewer>(viewer_place{plan_.scheme == "ws", plan_.port, "/" + key + ".flv"},
                                      from, how, found_, known_[stream]));
    epoll_event wanted{EPOLLIN, {.u64 = viewers_.size() - 1}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, viewers_.back()->fd(), &wanted);
  }

  void count_from_now() {
    auto now = mark_clock();
    for (auto& v : viewers_)
      v->forget_gaps(now);
    found_ = {};
    found_.counting = true;
    begin_us_ = now;
    begin_bytes_ = bytes();
    begin_cpu_ = cpu_seconds();
  }

  void turn() {
    std::array<epoll_event, 1024> events;
    bool by_the_clock = plan_.look_ms > 0;
    if (by_the_clock) std::this_thread::sleep_for(pause_(random_) * std::chrono::milliseconds(1));
    int n;
    do {
      n = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), by_the_clock ? 0 : 2);
      auto now = mark_clock();
      for (int i = 0; i < n; ++i) {
        auto who = events[static_cast<std::size_t>(i)].data.u64;
        who == standard_input ? on_input() : on_viewer(*viewers_[who], now);
      }
    } while (n == static_cast<int>(events.size()));
    read_slow_ones(mark_clock());
  }

  void on_input() {
    std::array<char, 256> said;
    auto size = ::read(STDIN_FILENO, said.data(), said.size());
    ended_ = size <= 0;
    for (auto lines = std::count(said.data(), said.data() + std::max<ssize_t>(size, 0), '\n'); lines > 0;
         --lines) {
      report();
      count_from_now();
    }
  }

  void on_viewer(load_viewer& v, std::uint64_t now) {
    v.read(read_at_once, now);
    // From its first picture on a slow viewer is read by the clock, a stopped one not at all.
    if (v.first_picture_us() == 0 || v.fd() < 0) return;
    if (v.how() != manner::slow && v.how() != manner::stopped) return;
    ::epoll_ctl(poll_, EPOLL_CTL_DEL, v.fd(), nullptr);
    if (v.how() == manner::slow) slow_.push_back(&v);
  }

  void read_slow_ones(std::uint64_t now) {
    if (now - last_slow_us_ < slow_step_us) return;
    for (auto* v : slow_)
      v->read(plan_.slow_rate * slow_step_us / second_us, now);
    last_slow_us_ = now;
  }

  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& v : viewers_)
      sum += v->bytes();
    return sum;
  }

  const plan& plan_;
  findings found_;
  std::vector<known_pictures> known_;
  int poll_;
  std::vector<std::unique_ptr<load_viewer>> viewers_;
  std::vector<load_viewer*> slow_;
  std::uint64_t last_slow_us_ = 0, begin_us_ = 0, begin_bytes_ = 0;
  double begin_cpu_ = 0;
  std::size_t first_storm_ = 0, storm_opened_ = 0;
  bool ended_ = false;
  std::minstd_rand random_;
  std::uniform_real_distribution<> pause_{0.5 * plan_.look_ms, 1.5 * plan_.look_ms};
};

} // namespace

int main(int count, char** words) {
  plan wanted;
  CLI::App app("Opens many viewers at a server on this machine.", "sluice_load");
  app.add_option("--scheme", wanted.scheme, "ws or http")
      ->check(CLI::IsMember({"ws", "http"}))
      ->capture_default_str();
  app.add_option("--port", wanted.port, "The server's HTTP port")->capture_default_str();
  app.add_option("--key", wanted.key, "The stream's key; with several, a number follows it")
      ->capture_default_str();
  app.add_option("--streams", wanted.streams, "How many")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--viewers", wanted.viewers, "Healthy ones, spread over the streams")->capture_default_str();
  app.add_option("--slow", wanted.slow, "Viewers more that read --slow-rate bytes a second")
      ->capture_default_str();
  app.add_option("--slow-rate", wanted.slow_rate, "Bytes a second")->capture_default_str();
  app.add_option("--stopped", wanted.stopped, "Viewers more that stop reading")->capture_default_str();
  app.add_option("--storm", wanted.storm, "Viewers that come within one second, 3 s after `begin`")
      ->capture_default_str();
  app.add_option("--check-every", wanted.check_every, "One viewer in so many has its pictures checked")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--ramp", wanted.ramp, "Viewers opened a second")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--settle", wanted.settle, "Seconds between the last picture to start with and the count")
      ->capture_default_str();
  app.add_option("--look", wanted.look_ms,
                 "Milliseconds between looks at the sockets, on average, at random; 0: be woken by them")
      ->capture_default_str();
  CLI11_PARSE(app, count, words);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  audience all(wanted);
  if (!all.open()) return fmt::print(stderr, "sluice_load: not all viewers play\n"), all.report(), 1;
  all.settle();
  fmt::print("begin\n");
  std::fflush(stdout);
  all.answer();
  return 0;
}
