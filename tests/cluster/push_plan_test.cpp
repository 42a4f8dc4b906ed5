#include "cluster/push_plan.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

namespace {

std::vector<ranked_relay> head(std::vector<std::string> relays) {
  std::vector<ranked_relay> out;
  for (auto& id : relays) {
    ranked_relay one;
    one.id = id;
    out.push_back(one);
  }
  return out;
}

push_plan plan(const std::vector<ranked_relay>& to, std::vector<push_state> pushes) {
  return plan_pushes(to, to, pushes);
}

} // namespace

TEST_CASE("a first head starts its pushes and stops nothing") {
  auto found = plan(head({"a", "b"}), {});
  CHECK(ids(found.start) == names{"a", "b"});
  CHECK(found.stop.empty());
}

TEST_CASE("an unchanged head changes nothing, whether its pushes flow or not") {
  auto found = plan(head({"a", "b"}), {{"a", true}, {"b", false}});
  CHECK(found.start.empty());
  CHECK(found.stop.empty());
}

TEST_CASE("the old push ends only when the new one flows") {
  auto found = plan(head({"a", "c"}), {{"a", true}, {"b", true}});
  CHECK(ids(found.start) == names{"c"});
  CHECK(found.stop.empty());
  CHECK(plan(head({"a", "c"}), {{"a", true}, {"b", true}, {"c", false}}).stop.empty());
  CHECK(plan(head({"a", "c"}), {{"a", true}, {"b", true}, {"c", true}}).stop == names{"b"});
}

TEST_CASE("an old push that does not flow ends at once") {
  CHECK(plan(head({"a"}), {{"a", false}, {"b", false}}).stop == names{"b"});
}

TEST_CASE("when all of the head is new the old pushes end one by one") {
  CHECK(plan(head({"c", "d"}), {{"a", true}, {"b", true}, {"c", true}, {"d", false}}).stop == names{"a"});
  CHECK(plan(head({"c", "d"}), {{"b", true}, {"c", true}, {"d", true}}).stop == names{"b"});
}

TEST_CASE("a shorter head drops a push without waiting") {
  CHECK(plan(head({"a"}), {{"a", true}, {"b", true}}).stop == names{"b"});
}

TEST_CASE("an empty head leaves the pushes as they are") {
  auto found = plan({}, {{"a", true}, {"b", false}});
  CHECK(found.start.empty());
  CHECK(found.stop.empty());
}

TEST_CASE("the next of the order stands in for a relay of the head that does not take the push") {
  auto order = head({"a", "b", "c", "d"});
  auto next = [&](std::vector<push_state> pushes) { return plan_pushes(head({"a", "b"}), order, pushes); };
  CHECK(next({{"a", false}, {"b", true}}).start.empty());
  auto found = next({{"a", false, true}, {"b", true}});
  CHECK(ids(found.start) == names{"c"});
  CHECK(found.stop.empty());
  SUBCASE("and stays while it is needed") {
    CHECK(next({{"a", false, true}, {"b", true}, {"c", true}}).stop.empty());
  }
  SUBCASE("until the one of the head takes it again") {
    CHECK(next({{"a", false}, {"b", true}, {"c", true}}).stop.empty());
    CHECK(next({{"a", true}, {"b", true}, {"c", true}}).stop == names{"c"});
  }
  SUBCASE("or fails itself") {
    found = next({{"a", false, true}, {"b", true}, {"c", false, true}});
    CHECK(ids(found.start) == names{"d"});
    CHECK(found.stop == names{"c"});
  }
}

TEST_CASE("nobody stands in when all fail: each is tried again") {
  auto order = head({"a", "b"});
  auto found =
      plan_pushes(head({"a"}), order, std::vector<push_state>{{"a", false, true}, {"b", false, true}});
  CHECK(found.start.empty());
  CHECK(found.stop == names{"b"});
  found = plan_pushes(head({"a"}), order, std::vector<push_state>{{"a", false, true}});
  CHECK(ids(found.start) == names{"b"});
}
