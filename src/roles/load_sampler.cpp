#include "roles/load_sampler.hpp"

namespace sluice::roles {

load_rates load_sampler::rates(const load_totals& totals, time_point now) {
  std::lock_guard lock(mutex_);
  if (begun_ && now - since_ < least_period) return rates_;
  if (begun_) {
    auto us =
        static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(now - since_).count());
    auto sent = static_cast<double>(totals.sent_bytes - then_.sent_bytes);
    auto cpu = static_cast<double>(totals.cpu_us - then_.cpu_us);
    rates_.egress_bps = static_cast<std::uint64_t>(sent * 8e6 / us);
    rates_.cpu_permille = static_cast<std::uint32_t>(cpu * 1000 / us / static_cast<double>(workers_));
  }
  begun_ = true;
  since_ = now;
  then_ = totals;
  return rates_;
}

} // namespace sluice::roles
