#include "cluster/push_plan.hpp"

#include <algorithm>

namespace sluice::cluster {

namespace {

const push_state* find(std::span<const push_state> pushes, const node_id& relay) {
  auto found = std::find_if(pushes.begin(), pushes.end(), [&](auto& push) { return push.relay == relay; });
  return found == pushes.end() ? nullptr : &*found;
}

bool contains(const std::vector<ranked_relay>& relays, const node_id& id) {
  return std::any_of(relays.begin(), relays.end(), [&](auto& relay) { return relay.id == id; });
}

/// The head, and who stands in for those of it that fail.
std::vector<ranked_relay> targets(std::span<const ranked_relay> head, std::span<const ranked_relay> order,
                                  std::span<const push_state> pushes) {
  auto failing = [&](const ranked_relay& relay) {
    const auto* push = find(pushes, relay.id);
    return push && push->failing;
  };
  std::vector<ranked_relay> out(head.begin(), head.end());
  auto missing = std::count_if(head.begin(), head.end(), failing);
  for (auto& relay : order) {
    if (missing == 0) break;
    if (failing(relay) || contains(out, relay.id)) continue;
    out.push_back(relay);
    --missing;
  }
  return out;
}

} // namespace

push_plan plan_pushes(std::span<const ranked_relay> head, std::span<const ranked_relay> order,
                      std::span<const push_state> pushes) {
  push_plan plan;
  if (head.empty()) return plan;
  auto wanted = targets(head, order, pushes);
  for (auto& relay : wanted)
    if (!find(pushes, relay.id)) plan.start.push_back(relay);
  auto flowing = std::count_if(pushes.begin(), pushes.end(), [](auto& push) { return push.flowing; });
  for (auto& push : pushes) {
    if (contains(wanted, push.relay)) continue;
    if (push.flowing && flowing <= static_cast<std::ptrdiff_t>(head.size())) continue;
    if (push.flowing) --flowing;
    plan.stop.push_back(push.relay);
  }
  return plan;
}

} // namespace sluice::cluster
