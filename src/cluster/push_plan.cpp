#include "cluster/push_plan.hpp"

#include <algorithm>

namespace sluice::cluster {

push_plan plan_pushes(std::span<const ranked_relay> head, std::span<const push_state> pushes) {
  push_plan plan;
  if (head.empty()) return plan;
  auto in_head = [&](const push_state& push) {
    return std::any_of(head.begin(), head.end(), [&](auto& relay) { return relay.id == push.relay; });
  };
  for (auto& relay : head)
    if (std::none_of(pushes.begin(), pushes.end(), [&](auto& push) { return push.relay == relay.id; }))
      plan.start.push_back(relay);
  auto flowing = std::count_if(pushes.begin(), pushes.end(), [](auto& push) { return push.flowing; });
  for (auto& push : pushes) {
    if (in_head(push)) continue;
    if (push.flowing && flowing <= static_cast<std::ptrdiff_t>(head.size())) continue;
    if (push.flowing) --flowing;
    plan.stop.push_back(push.relay);
  }
  return plan;
}

} // namespace sluice::cluster
