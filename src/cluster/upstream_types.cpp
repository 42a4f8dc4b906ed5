#include "cluster/upstream_types.hpp"

namespace sluice::cluster {

std::string_view name(drop_reason reason) noexcept {
  switch (reason) {
  case drop_reason::timed_out:
    return "timed_out";
  case drop_reason::silent:
    return "silent";
  case drop_reason::no_beats:
    return "no_beats";
  case drop_reason::late:
    return "late";
  case drop_reason::loop:
    return "loop";
  case drop_reason::too_deep:
    return "too_deep";
  case drop_reason::stale:
    return "stale";
  case drop_reason::gap:
    return "gap";
  case drop_reason::behind:
    return "behind";
  case drop_reason::not_better:
    return "not_better";
  case drop_reason::shared_way:
    return "shared_way";
  case drop_reason::leaving:
    return "leaving";
  case drop_reason::moved:
    return "moved";
  case drop_reason::surplus:
    return "surplus";
  case drop_reason::closed:
    return "closed";
  case drop_reason::refused:
    return "refused";
  case drop_reason::finished:
    return "finished";
  }
  return "unknown";
}

std::string_view name(give_up_reason reason) noexcept {
  switch (reason) {
  case give_up_reason::not_live:
    return "not_live";
  case give_up_reason::unreachable:
    return "unreachable";
  case give_up_reason::ended:
    return "ended";
  case give_up_reason::origin_lost:
    return "origin_lost";
  }
  return "unknown";
}

upstream_order order_of(const enumeration& found) {
  std::vector<node_id> head;
  for (auto& relay : found.head)
    head.push_back(relay.id);
  return {found.order,        std::move(head), found.spread,
          pull_mode::through, found.live,      found.live == liveness::live};
}

upstream_order order_of(const pull_plan& plan) {
  return {plan.upstreams, {}, 1, plan.mode, liveness::unknown, false};
}

} // namespace sluice::cluster
