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
  return plan_pushes(to, pushes);
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
