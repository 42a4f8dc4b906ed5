#include "cluster/node_list.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace sluice::cluster {

namespace {

/// Whether `a` says more about its node than `b`.
bool outranks(const node_view& a, const node_view& b) noexcept {
  return std::tuple(!a.elsewhere, a.boot_nonce, b.last_heard_ms) >
         std::tuple(!b.elsewhere, b.boot_nonce, a.last_heard_ms);
}

void add_names(std::vector<node_id>& to, const std::vector<node_id>& more) {
  std::vector<node_id> sum;
  std::set_union(to.begin(), to.end(), more.begin(), more.end(), std::back_inserter(sum));
  to = std::move(sum);
}

} // namespace

void merge_nodes(std::vector<node_view>& all, std::vector<node_view> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.id < b.id; });
  std::vector<node_view> merged;
  merged.reserve(all.size());
  for (auto& one : all) {
    if (merged.empty() || merged.back().id != one.id) {
      merged.push_back(std::move(one));
      continue;
    }
    auto& held = merged.back();
    if (outranks(one, held)) std::swap(one, held);
    add_names(held.heard_by, one.heard_by);
  }
  all = std::move(merged);
}

} // namespace sluice::cluster
