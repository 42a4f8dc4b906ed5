#include "net/core/load_probe.hpp"

#include "net/core/flush_pace.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace sluice::net {

namespace {

using namespace std::chrono_literals;

constexpr auto period = 100ms;
/// The lag shown is the worst of the present window and the one before it.
constexpr auto window = 1s;

} // namespace

struct load_probe::state : std::enable_shared_from_this<state> {
  state(worker& w, overload_limits limits, logger l) : at(w), log(std::move(l)), judged(limits) {
    next.emplace(w.io());
  }

  worker& at;
  logger log;
  overload judged;
  std::optional<timer> next;
  timer::clock::time_point window_end{};
  std::uint32_t worst = 0, worst_before = 0;
  std::atomic<std::uint32_t> lag_us{0};
  std::atomic<std::uint64_t> cpu_us{0};
  std::atomic<bool> overloaded{false};

  void wait() {
    auto due = timer::clock::now() + period;
    next->at(due, [weak = weak_from_this(), due] {
      if (auto self = weak.lock()) self->fired(due);
    });
  }

  void fired(timer::clock::time_point due) {
    auto now = timer::clock::now();
    auto late = std::chrono::duration_cast<std::chrono::microseconds>(now - due).count();
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    if (now >= window_end) {
      worst_before = std::exchange(worst, 0);
      window_end = now + window;
    }
    worst = std::max(worst, static_cast<std::uint32_t>(std::clamp<std::int64_t>(late, 0, most)));
    lag_us.store(std::max(worst, worst_before), std::memory_order_relaxed);
    if (judged.sample(due, now)) tell(late);
    auto used = std::chrono::duration_cast<std::chrono::microseconds>(thread_cpu_time());
    cpu_us.store(static_cast<std::uint64_t>(used.count()), std::memory_order_relaxed);
    wait();
  }

  void tell(std::int64_t late) {
    overloaded.store(judged.lasts(), std::memory_order_relaxed);
    if (judged.lasts())
      log.warn("data thread overloaded, new viewers are refused", "worker", at.index(), "lag_ms", late / 1000,
               "viewers", at.counters().viewers.current.value());
    else
      log.info("data thread has room again", "worker", at.index(), "viewers",
               at.counters().viewers.current.value());
  }
};

load_probe::load_probe(worker& at, overload_limits limits, logger log)
    : state_(std::make_shared<state>(at, limits, std::move(log))) {
  at.post([s = state_] {
    if (s->next) s->wait();
  });
}

load_probe::~load_probe() {
  stop();
}

void load_probe::stop() {
  state_->at.post([s = state_] { s->next.reset(); });
}

std::uint32_t load_probe::lag_us() const noexcept {
  return state_->lag_us.load(std::memory_order_relaxed);
}

bool load_probe::overloaded() const noexcept {
  return state_->overloaded.load(std::memory_order_relaxed);
}

std::uint64_t load_probe::cpu_us() const noexcept {
  return state_->cpu_us.load(std::memory_order_relaxed);
}

} // namespace sluice::net
