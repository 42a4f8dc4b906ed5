// A hot stream of a Zipf audience: viewers come to edges, edges ask a directory where a stream is and pull it
// from the relay they choose, relays report their pulls and loads each second.
#include "cluster/directory_state.hpp"
#include "cluster/upstream_choice.hpp"
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <random>

namespace sluice::simulate {

namespace {

using namespace cluster;
using namespace std::chrono_literals;
using time_point = directory_state::time_point;

constexpr std::uint64_t stream_bps = 2'500'000;

struct crowd {
  std::size_t relays, edges, streams, viewers;
  std::chrono::seconds arrivals; ///< all viewers come within
  std::uint64_t capacity_bps;    ///< of a relay; about twice what it will need
};

crowd crowd_of(const scale& size) {
  if (size.full) return {100, 1000, 5000, 1'000'000, 60s, 24'000'000'000};
  return {20, 60, 300, 12'000, 20s, 3'600'000'000};
}

struct strategy {
  std::string name;
  std::uint32_t spread; ///< the policy's
  bool grows;           ///< with the pulls
  bool by_load;         ///< power of two choices on the load digest; else by hash
};

/// When a viewer's edge begins to pull a stream it does not have yet.
struct pull {
  std::chrono::milliseconds at;
  std::uint32_t edge, stream;
};

/// Every edge wants the same stream within two seconds.
std::vector<pull> rush(const crowd& of) {
  std::vector<pull> out;
  for (std::size_t i = 0; i < of.edges; ++i)
    out.push_back(
        {2000ms * static_cast<long>(i) / static_cast<long>(of.edges), static_cast<std::uint32_t>(i), 0});
  return out;
}

/// Who pulls what when: each viewer comes to a random edge for a stream of a Zipf distribution (exponent 1).
std::vector<pull> audience(const crowd& of, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> popularity(of.streams);
  for (std::size_t i = 0; i < of.streams; ++i)
    popularity[i] = 1 / static_cast<double>(i + 1);
  std::discrete_distribution<std::uint32_t> any_stream(popularity.begin(), popularity.end());
  std::uniform_int_distribution<std::uint32_t> any_edge(0, static_cast<std::uint32_t>(of.edges) - 1);
  std::vector<bool> pulled(of.edges * of.streams);
  std::vector<pull> out;
  auto span = std::chrono::milliseconds(of.arrivals);
  for (std::size_t i = 0; i < of.viewers; ++i) {
    auto stream = any_stream(random), edge = any_edge(random);
    std::size_t place = edge * of.streams + stream;
    if (pulled[place]) continue;
    pulled[place] = true;
    out.push_back({span * static_cast<long>(i) / static_cast<long>(of.viewers), edge, stream});
  }
  return out;
}

class tier {
public:
  tier(const crowd& of, const strategy& how) : of_(of), how_(how), directory_(options(how), begin_) {
    for (std::size_t i = 0; i < of.relays; ++i) {
      auto id = fmt::format("relay-{:02}", i);
      add(id, node_role::relay, fmt::format("10.0.0.{}:8500", i));
      index_.emplace(id, i);
    }
    add("origin", node_role::origin, "");
    for (std::size_t i = 0; i < of.edges; ++i)
      health_.push_back(std::make_unique<relay_health>(i));
    for (std::size_t i = 0; i < of.streams; ++i)
      publish(fmt::format("live/stream-{}", i));
    pulls_.resize(of.relays);
    carried_.resize(of.relays, std::vector<std::uint32_t>(of.streams));
  }

  void run(const std::vector<pull>& pulls) {
    auto next_second = 0ms;
    for (auto& one : pulls) {
      while (one.at >= next_second) {
        second(begin_ + next_second);
        next_second += 1s;
      }
      choose(one, begin_ + one.at);
    }
  }

  /// Pulls of each relay, the busiest first, as multiples of the average.
  [[nodiscard]] std::vector<double> loads() const {
    std::vector<double> out(pulls_.begin(), pulls_.end());
    auto mean = std::accumulate(out.begin(), out.end(), 0.0) / static_cast<double>(out.size());
    for (auto& one : out)
      one /= mean;
    std::sort(out.rbegin(), out.rend());
    return out;
  }

  /// Readers of the first stream at the relay that has the most.
  [[nodiscard]] double most_readers() const {
    std::uint32_t out = 0;
    for (auto& one : carried_)
      out = std::max(out, one[0]);
    return out;
  }

  /// Relays that carry a stream, over all streams: each is one copy more on the trunk.
  [[nodiscard]] double copies_per_stream() const {
    std::size_t copies = 0, streams = 0;
    for (std::size_t s = 0; s < of_.streams; ++s) {
      std::size_t here = 0;
      for (auto& one : carried_)
        here += one[s] > 0;
      copies += here;
      streams += here > 0;
    }
    return static_cast<double>(copies) / static_cast<double>(streams);
  }

private:
  static directory_options options(const strategy& how) {
    directory_options out;
    out.id = "directory";
    out.boot_nonce = 1;
    out.rules.spread = how.spread;
    if (!how.grows) out.spread.pulls_per_relay = UINT32_MAX;
    return out;
  }

  void add(std::string id, node_role role, std::string address) {
    node_registration node;
    node.id = std::move(id);
    node.role = role;
    node.boot_nonce = 1;
    node.trunk_address = std::move(address);
    if (!directory_.register_node(node, begin_)) std::abort();
  }

  void publish(const std::string& key) {
    stream_announcement stream;
    stream.key = key;
    stream.log_epoch = {1};
    stream.origin = "origin";
    if (!directory_.announce(stream, 1, 0, begin_)) std::abort();
    keys_.push_back(*stream_key::parse(key));
  }

  /// Each relay's heartbeat, then the digest that edges go by until the next second.
  void second(time_point now) {
    for (auto& [id, index] : index_) {
      node_heartbeat beat;
      beat.id = id;
      beat.boot_nonce = 1;
      beat.load.pulls = pulls_[index];
      beat.load.egress_bps = pulls_[index] * stream_bps;
      beat.load.capacity_bps = of_.capacity_bps;
      beat.pulls = largest(carried_[index]);
      if (!directory_.heartbeat(beat, now)) std::abort();
    }
    node_heartbeat beat;
    beat.id = "origin";
    beat.boot_nonce = 1;
    if (!directory_.heartbeat(beat, now)) std::abort();
    directory_.advance(now);
    if (how_.by_load)
      loads_ = std::make_shared<relay_loads>(unpack_loads(directory_.list(), directory_.loads()));
  }

  [[nodiscard]] pull_counts largest(const std::vector<std::uint32_t>& streams) const {
    pull_counts out;
    for (std::size_t s = 0; s < streams.size(); ++s)
      if (streams[s] > 0) out.emplace_back(keys_[s].str(), streams[s]);
    std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.second > b.second; });
    out.resize(std::min(out.size(), max_pulls_reported));
    return out;
  }

  void choose(const pull& what, time_point now) {
    auto order = order_of(directory_.enumerate(keys_[what.stream], "", now));
    upstream_choice choice(keys_[what.stream], fmt::format("edge-{}", what.edge), *health_[what.edge],
                           what.edge);
    choice.set_loads(loads_);
    choice.set_order(std::move(order), now);
    auto action = choice.next(now);
    auto* connect = std::get_if<connect_upstream>(&action);
    if (!connect) std::abort();
    auto relay = index_.at(connect->relay);
    ++pulls_[relay];
    ++carried_[relay][what.stream];
  }

  crowd of_;
  strategy how_;
  const time_point begin_{1000s};
  directory_state directory_;
  std::map<node_id, std::size_t> index_;
  std::vector<std::unique_ptr<relay_health>> health_;
  std::vector<stream_key> keys_;
  std::vector<std::uint32_t> pulls_;                ///< by relay
  std::vector<std::vector<std::uint32_t>> carried_; ///< by relay and stream
  relay_loads_ptr loads_;
};

} // namespace

report hot_streams(const scale& size) {
  auto crowd = crowd_of(size);
  auto pulls = audience(crowd, size.seed);
  const std::vector<strategy> strategies{{"plain rendezvous, spread 1", 1, false, false},
                                         {"spread 2, two choices by load", 2, false, true},
                                         {"spread grows, by hash", 2, true, false},
                                         {"spread grows, two choices by load", 2, true, true}};
  report out;
  out.title = "Busiest relay of a Zipf audience";
  out.setting = fmt::format(
      "{} relays, {} edges, {} streams, {} viewers in {} s, {} pulls; busiest relay / average", crowd.relays,
      crowd.edges, crowd.streams, crowd.viewers, crowd.arrivals.count(), pulls.size());
  chart picture;
  picture.title = "Load of each relay, the busiest first";
  picture.x = {"relay, by load", 1, static_cast<double>(crowd.relays), {}};
  picture.x.ticks = {{1, "1"}};
  for (std::size_t i = crowd.relays / 5; i <= crowd.relays; i += crowd.relays / 5)
    picture.x.ticks.emplace_back(static_cast<double>(i), fmt::to_string(i));
  picture.y = {"pulls, as a multiple of the average", 0.4, 2.2, ticks(0.4, 2.2, 0.2, 1)};
  for (auto& how : strategies) {
    tier simulated(crowd, how);
    simulated.run(pulls);
    auto loads = simulated.loads();
    bool judged = how.grows && how.by_load;
    auto bar = size.full ? 1.2 : 1.3;
    out.findings.push_back({how.name, loads.front(), "", judged ? std::optional(bar) : std::nullopt, {}});
    out.findings.push_back({how.name + ": relays per stream", simulated.copies_per_stream(), "", {}, {}});
    line drawn{how.name, {}, false};
    for (std::size_t i = 0; i < loads.size(); ++i)
      drawn.points.emplace_back(static_cast<double>(i + 1),
                                std::clamp(loads[i], picture.y.from, picture.y.to));
    picture.lines.push_back(std::move(drawn));
  }
  for (auto& how : strategies) {
    tier simulated(crowd, how);
    simulated.run(rush(crowd));
    auto what = fmt::format("rush of {} edges on one stream, {}: most at one relay", crowd.edges, how.name);
    out.findings.push_back({what, simulated.most_readers(), "readers", {}, {}});
  }
  picture.lines.push_back({"bar 1.2", {{picture.x.from, 1.2}, {picture.x.to, 1.2}}, true});
  out.plots.push_back({"hot-streams.svg", draw(picture)});
  return out;
}

} // namespace sluice::simulate
