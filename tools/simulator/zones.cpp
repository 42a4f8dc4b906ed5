// Zones: how many copies of a stream cross from elsewhere into each, when every relay of every zone is asked
// for it and pulls it as `plan_pull` says.
#include "cluster/enumeration.hpp"
#include "cluster/snapshot.hpp"
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sluice::simulate {

namespace {

using namespace cluster;

snapshot zoned(std::size_t relays, std::size_t zones) {
  snapshot out;
  for (std::size_t i = 0; i < relays; ++i) {
    relay_entry one;
    one.id = fmt::format("relay-{:03}", i);
    one.trunk_address = fmt::format("10.0.0.{}:8500", i);
    one.zone = fmt::format("zone-{}", i % zones);
    out.relays.push_back(std::move(one));
  }
  seal(out);
  return out;
}

struct crossings {
  double most = 0;      ///< pulls from another zone, of one stream into one zone
  double least = 1e9;   ///< into a zone without a relay of the head
  double total = 0;     ///< into zones without a relay of the head
  double unplanned = 0; ///< the same if each relay pulled from the head
  double places = 0;    ///< (stream, zone without a relay of the head)
  std::size_t deepest = 0;
};

/// Hops from the origin to `relay`, when each takes the first of its upstreams.
std::size_t depth(const stream_key& key, const snapshot& list, const relay_entry* relay) {
  for (std::size_t hops = 1; hops <= 8; ++hops) {
    auto plan = plan_pull(enumerate(key, list, relay->zone), relay->id, relay->zone);
    if (plan.in_head) return hops;
    relay = &*std::find_if(list.relays.begin(), list.relays.end(),
                           [&](auto& one) { return one.id == plan.upstreams.front().id; });
  }
  return 99;
}

void count(const stream_key& key, const snapshot& list, crossings& into) {
  std::map<std::string, double> crossed;
  std::map<std::string, double> relays;
  std::map<std::string, bool> has_head;
  for (auto& relay : list.relays) {
    auto plan = plan_pull(enumerate(key, list, relay.zone), relay.id, relay.zone);
    crossed.try_emplace(relay.zone, 0);
    ++relays[relay.zone];
    if (plan.in_head)
      has_head[relay.zone] = true;
    else if (plan.upstreams.front().zone != relay.zone)
      ++crossed[relay.zone];
    into.deepest = std::max(into.deepest, depth(key, list, &relay));
  }
  for (auto& [zone, number] : crossed) {
    into.most = std::max(into.most, number);
    if (has_head[zone]) continue;
    into.least = std::min(into.least, number);
    into.total += number;
    into.unplanned += relays[zone];
    ++into.places;
  }
}

} // namespace

report zones(const scale& size) {
  std::size_t streams = size.full ? 300 : 20;
  std::size_t relays = size.full ? 60 : 24;
  report out;
  out.title = "Copies of a stream that cross into a zone";
  out.setting =
      fmt::format("{} relays in zones, {} streams, every relay is asked for every stream; zones that hold a "
                  "relay of the head get the origin's push",
                  relays, streams);
  bar_chart picture;
  picture.title = "Copies of one stream that cross into a zone";
  picture.x_label = fmt::format("zones, of {} relays", relays);
  picture.series = {{"as planned", {}}, {"each relay from the head", {}}};
  double tallest = 0;
  for (std::size_t number : {2u, 3u, 4u, 6u}) {
    auto list = zoned(relays, number);
    crossings found;
    for (std::size_t i = 0; i < streams; ++i)
      count(*stream_key::parse(fmt::format("live/stream-{}", i)), list, found);
    out.findings.push_back({fmt::format("{} zones: most copies into one", number), found.most, "", 1.0, {}});
    out.findings.push_back(
        {fmt::format("{} zones: fewest into one without the head", number), found.least, "", {}, 1.0});
    out.findings.push_back({fmt::format("{} zones: relays from origin to edge, at most", number),
                            static_cast<double>(found.deepest),
                            "",
                            3.0,
                            {}});
    picture.groups.push_back(fmt::to_string(number));
    picture.series[0].second.push_back(found.total / found.places);
    picture.series[1].second.push_back(found.unplanned / found.places);
    tallest = std::max(tallest, found.unplanned / found.places);
  }
  auto to = size.full ? 35.0 : 15.0;
  picture.y = {"copies that cross", 0, std::max(to, tallest), ticks(0, std::max(to, tallest), 5, 0)};
  out.plots.push_back({"zones.svg", draw(picture)});
  return out;
}

} // namespace sluice::simulate
