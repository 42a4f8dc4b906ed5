#include "net/core/flush_pace.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace sluice::net {

void flush_pace::sample(time_point now, std::chrono::nanoseconds used) {
  auto passed = now - std::exchange(sampled_, now);
  auto worked = used - std::exchange(used_, used);
  // After an idle spell the share of the core says nothing of now.
  if (passed > 10 * sample_every) return;
  auto share = std::chrono::duration<double>(worked) / std::chrono::duration<double>(passed);
  if (share > full)
    gap_ = std::clamp<duration>(gap_ * 3 / 2, first_gap, limits_.most);
  else if (share < roomy)
    gap_ = gap_ > first_gap ? gap_ * 4 / 5 : duration{};
  gap_ = std::max<duration>(gap_, limits_.least);
}

std::chrono::nanoseconds thread_cpu_time() noexcept {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

} // namespace sluice::net
