#include "cluster/enumeration.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

namespace {

snapshot mixed(int count, bool weighted) {
  std::vector<relay_entry> relays;
  for (int i = 0; i < count; ++i)
    relays.push_back(relay(fmt::format("r{:03}", i), fmt::format("z{}", i % 3), weighted ? 1 + i % 4 : 1,
                           static_cast<relay_state>(1 + i * 7 % 5)));
  return list_of(std::move(relays));
}

} // namespace

TEST_CASE("the order is by state, then zone, then score, however it is computed") {
  for (bool weighted : {false, true})
    for (int count : {1, 2, 7, 50, 300}) {
      auto list = mixed(count, weighted);
      for (int stream = 0; stream < 20; ++stream) {
        auto found = enumerate(key(fmt::format("live/s{}", stream)), list, "z1");
        CHECK(found.order.size() == static_cast<std::size_t>(count));
        bool sorted = std::is_sorted(found.order.begin(), found.order.end(), [](auto& a, auto& b) {
          if (a.state != b.state) return a.state < b.state;
          if ((a.zone == "z1") != (b.zone == "z1")) return a.zone == "z1";
          return a.score > b.score;
        });
        CHECK(sorted);
      }
    }
}

TEST_CASE("relays of one weight rank the same whether or not the weight is used") {
  auto equal = numbered(40);
  auto almost = equal;
  almost.relays.push_back(relay("zzz", "", 0.001));
  seal(almost);
  for (int stream = 0; stream < 50; ++stream) {
    auto k = key(fmt::format("live/s{}", stream));
    auto order = ids(enumerate(k, almost, "").order);
    std::erase(order, "zzz");
    CHECK(order == ids(enumerate(k, equal, "").order));
  }
}

TEST_CASE("a buffer may be used again for any list") {
  rank_buffer room;
  for (int count : {50, 3, 0, 200, 1}) {
    auto list = mixed(count, count % 2 == 0);
    ranking ranks(list);
    auto hash = hash_of(key());
    auto ranked = ranks.rank(hash, ranks.zone("z0"), room);
    std::vector<std::string> order;
    for (auto index : ranked.order)
      order.push_back(list.relays[index].id);
    CHECK(order == ids(enumerate(key(), list, "z0").order));
    CHECK(ranked.head.size() == enumerate(key(), list, "z0").head.size());
  }
}

TEST_CASE("joining relays stand behind the ready ones, and are used at once when none is ready") {
  auto list = list_of({relay("a", "", 1, relay_state::joining), relay("b", "", 1, relay_state::joining),
                       relay("c", "", 1, relay_state::draining), relay("d")});
  auto found = enumerate(key(), list, "");
  CHECK(ids(found.head) == names{"d"});
  CHECK(found.order[0].id == "d");
  CHECK(found.order[3].id == "c");
  list.relays.pop_back();
  seal(list);
  found = enumerate(key(), list, "");
  CHECK(found.head.size() == 2);
  CHECK(found.head[0].state == relay_state::joining);
  CHECK(found.head[1].state == relay_state::joining);
  CHECK(found.spread == 2);
}

TEST_CASE("failing relays stand behind draining and before suspect ones") {
  auto list = list_of({relay("a", "", 1, relay_state::suspect), relay("b", "", 1, relay_state::failing),
                       relay("c", "", 1, relay_state::draining), relay("d")});
  CHECK(ids(enumerate(key(), list, "").order) == names{"d", "c", "b", "a"});
}

TEST_CASE("a demand widens the spread, within the asker's zone, or anywhere when it has no relay") {
  std::vector<relay_entry> relays;
  for (int i = 0; i < 20; ++i)
    relays.push_back(relay(fmt::format("r{:02}", i), i < 8 ? "east" : "west"));
  auto list = list_of(std::move(relays));
  ranking ranks(list);
  auto spread = [&](std::string_view zone, std::uint32_t demand) {
    return enumerate(key(), list, ranks, zone, demand).spread;
  };
  CHECK(spread("east", 0) == 2);
  CHECK(spread("east", 1) == 2);
  CHECK(spread("east", 5) == 5);
  CHECK(spread("east", 50) == 8);
  CHECK(spread("moon", 1) == 2);
  CHECK(spread("moon", 5) == 5);
  CHECK(spread("moon", 50) == 20);
}
