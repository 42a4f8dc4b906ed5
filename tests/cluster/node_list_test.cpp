#include "cluster/node_list.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;

namespace {

node_view seen(const std::string& id, const std::string& by, std::uint32_t last_heard_ms = 100) {
  node_view out;
  out.id = id;
  out.last_heard_ms = last_heard_ms;
  out.heard_by = {by};
  return out;
}

std::vector<node_view> merged(std::vector<std::vector<node_view>> lists) {
  std::vector<node_view> all;
  for (auto& one : lists)
    merge_nodes(all, std::move(one));
  return all;
}

} // namespace

TEST_CASE("each node is listed once, with everyone who hears it") {
  auto all = merged({{seen("d2", "d2"), seen("r1", "d2")}, {seen("d1", "d1"), seen("r1", "d1")}, {}});
  REQUIRE(all.size() == 3);
  CHECK(all[0].id == "d1");
  CHECK(all[1].id == "d2");
  CHECK(all[2].id == "r1");
  CHECK(all[0].heard_by == std::vector<node_id>{"d1"});
  CHECK(all[2].heard_by == std::vector<node_id>{"d1", "d2"});
}

TEST_CASE("of a node that only some hear the word of those counts") {
  auto silent = seen("r1", "d1", 4000);
  silent.state = relay_state::suspect;
  auto heard = seen("r1", "d2", 300);
  auto stored = seen("r1", "d3", 0);
  stored.elsewhere = true;
  stored.heard_by.clear();
  for (auto order : {std::vector{silent, heard, stored}, std::vector{stored, silent, heard}}) {
    auto all = merged({{order[0]}, {order[1]}, {order[2]}});
    REQUIRE(all.size() == 1);
    CHECK(all[0].state == relay_state::ready);
    CHECK(all[0].last_heard_ms == 300);
    CHECK_FALSE(all[0].elsewhere);
    CHECK(all[0].heard_by == std::vector<node_id>{"d1", "d2"});
  }
}

TEST_CASE("a node's newer boot counts, though its older one was heard later") {
  auto before = seen("r1", "d1", 10), after = seen("r1", "d2", 900);
  after.boot_nonce = 2;
  CHECK(merged({{after}, {before}})[0].boot_nonce == 2);
  CHECK(merged({{before}, {after}})[0].boot_nonce == 2);
}
