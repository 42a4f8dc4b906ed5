// One relay more or less: the share of streams whose relays change.
#include "cluster/enumeration.hpp"
#include "cluster/snapshot.hpp"
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::simulate {

namespace {

using namespace cluster;

snapshot cluster_of(std::size_t relays, bool weighted) {
  snapshot out;
  for (std::size_t i = 0; i < relays; ++i) {
    relay_entry one;
    one.id = fmt::format("relay-{:04}", i);
    one.trunk_address = fmt::format("10.0.0.{}:8500", i);
    one.weight = weighted ? static_cast<double>(1 + i % 4) : 1;
    out.relays.push_back(std::move(one));
  }
  seal(out);
  return out;
}

struct moved {
  double first = 0;    ///< share of streams whose first relay changes
  double head = 0;     ///< share of (stream, copy) that changes
  bool minimal = true; ///< no stream moved between two relays that are in both lists
};

moved compare(const snapshot& before, const snapshot& after, std::size_t streams) {
  ranking old_ranks(before), new_ranks(after);
  rank_buffer old_room, new_room;
  moved out;
  double head = 0;
  for (std::size_t i = 0; i < streams; ++i) {
    auto hash = hash_of(*stream_key::parse(fmt::format("live/stream-{}", i)));
    auto old_head = old_ranks.rank(hash, ranking::no_zone, old_room).head;
    auto new_head = new_ranks.rank(hash, ranking::no_zone, new_room).head;
    auto in = [](const snapshot& list, std::span<const std::uint32_t> relays, const node_id& id) {
      return std::any_of(relays.begin(), relays.end(),
                         [&](auto index) { return list.relays[index].id == id; });
    };
    auto &old_first = before.relays[old_head[0]].id, &new_first = after.relays[new_head[0]].id;
    if (old_first != new_first) {
      out.first += 1;
      auto both = [&](const node_id& id) {
        auto listed = [&](const snapshot& list) {
          return std::any_of(list.relays.begin(), list.relays.end(), [&](auto& r) { return r.id == id; });
        };
        return listed(before) && listed(after);
      };
      out.minimal = out.minimal && !(both(old_first) && both(new_first));
    }
    for (auto index : new_head)
      head += !in(before, old_head, after.relays[index].id);
  }
  auto count = static_cast<double>(streams);
  out.first /= count;
  out.head = head / count / before.rules.copies;
  return out;
}

snapshot without(snapshot list, std::size_t index) {
  list.relays.erase(list.relays.begin() + static_cast<std::ptrdiff_t>(index));
  seal(list);
  return list;
}

} // namespace

report membership(const scale& size) {
  std::size_t streams = size.full ? 20'000 : 5'000;
  report out;
  out.title = "Streams that move when one relay comes or goes";
  out.setting = fmt::format("{} streams, copies 2; the worst of several relays", streams);
  chart picture;
  picture.title = "Streams that move when one of N relays goes";
  picture.x = {"relays N", 0, 200, ticks(0, 200, 25, 0)};
  picture.y = {"streams that move, %", 0, 14, ticks(0, 14, 2, 0)};
  line first{"measured, first relay", {}, false}, limit{"bar 1/N + 1 %", {}, true};
  for (std::size_t relays : {10u, 25u, 50u, 100u, 200u}) {
    auto full = cluster_of(relays, false);
    double worst = 0, worst_head = 0;
    bool minimal = true;
    for (std::size_t which = 0; which < relays; which += relays / 5) {
      auto less = without(full, which);
      auto goes = compare(full, less, streams), comes = compare(less, full, streams);
      worst = std::max({worst, goes.first, comes.first});
      worst_head = std::max({worst_head, goes.head, comes.head});
      minimal = minimal && goes.minimal && comes.minimal;
    }
    auto bar = 100.0 / static_cast<double>(relays) + 1;
    out.findings.push_back(
        {fmt::format("{} relays: first relay changes", relays), worst * 100, "%", bar, {}});
    out.findings.push_back(
        {fmt::format("{} relays: copies that move", relays), worst_head * 100, "%", bar, {}});
    out.findings.push_back({fmt::format("{} relays: streams moved between two that stayed", relays),
                            minimal ? 0.0 : 1.0,
                            "",
                            0.0,
                            {}});
    first.points.emplace_back(relays, worst * 100);
    limit.points.emplace_back(relays, bar);
  }
  // A relay of weight 4 among 1, 2, 3, 4: its fair share is 4 / 250.
  auto weighted = cluster_of(100, true);
  auto heavy = compare(weighted, without(weighted, 3), streams);
  out.findings.push_back({"100 relays of weight 1 to 4: one of 4 goes", heavy.first * 100, "%", 1.6 + 1, {}});
  picture.lines = {std::move(first), std::move(limit)};
  out.plots.push_back({"one-relay-less.svg", draw(picture)});
  return out;
}

} // namespace sluice::simulate
