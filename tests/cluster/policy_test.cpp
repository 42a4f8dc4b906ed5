#include "cluster/enumeration.hpp"
#include "cluster/policy.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

namespace {

constexpr std::uint64_t now_us = 1'700'000'000'000'000;

} // namespace

TEST_CASE("an operator's change gets the time as its version, and always a greater one") {
  policy rules;
  auto first = *with_copies(rules, 3, now_us);
  CHECK(first.copies == 3);
  CHECK(first.version == now_us);
  auto second = *with_spread(first, 4, now_us - 5);
  CHECK(second.version == now_us + 1);
  CHECK(supersedes(second, first));
  CHECK_FALSE(supersedes(first, second));
  CHECK(*with_spread(second, 4, now_us + 9) == second);
  CHECK(with_algorithm(second, "dice", now_us).error().code == errc::unsupported);
  CHECK(with_copies(second, 0, now_us).error().code == errc::bad_argument);
}

TEST_CASE("drains and weights are kept sorted, and can be taken back") {
  policy rules;
  for (auto id : {"b", "c", "a", "b"})
    rules = *with_drained(rules, id, true, now_us);
  CHECK(rules.drained == names{"a", "b", "c"});
  CHECK(rules.version == now_us + 2);
  rules = *with_drained(rules, "b", false, now_us);
  rules = *with_drained(rules, "zzz", false, now_us);
  CHECK(rules.drained == names{"a", "c"});
  rules = *with_weight(rules, "r2", 0.5, now_us);
  rules = *with_weight(rules, "r1", 2, now_us);
  rules = *with_weight(rules, "r2", 4, now_us);
  CHECK(rules.weights == std::vector<std::pair<node_id, double>>{{"r1", 2}, {"r2", 4}});
  CHECK(check_policy(rules).has_value());
  rules = *with_weight(rules, "r1", std::nullopt, now_us);
  CHECK(rules.weights.size() == 1);
  CHECK(with_weight(rules, "r1", 0, now_us).error().message.find("r1") != std::string::npos);
  CHECK(with_drained(rules, "a b", true, now_us).error().code == errc::bad_argument);
}

TEST_CASE("of two changes in one microsecond every node takes the same") {
  policy rules;
  auto one = *with_copies(rules, 1, now_us), other = *with_copies(rules, 3, now_us);
  CHECK(supersedes(one, other) != supersedes(other, one));
  CHECK_FALSE(supersedes(one, one));
  auto unchanged = rules;
  unchanged.copies = 7;
  CHECK_FALSE(supersedes(unchanged, rules));
  CHECK_FALSE(supersedes(rules, unchanged));
}

TEST_CASE("each part of a policy is bounded, and the refusal names it") {
  auto refused = [](auto change, std::string_view what) {
    policy rules;
    change(rules);
    auto done = check_policy(rules);
    REQUIRE(done.has_error());
    CHECK_MESSAGE(done.error().message.find(what) != std::string::npos, done.error().message);
  };
  refused([](auto& p) { p.copies = max_copies + 1; }, "copies 17");
  refused([](auto& p) { p.spread = 0; }, "spread 0");
  refused([](auto& p) { p.version = max_policy_version + 1; }, "version");
  refused([](auto& p) { p.drained = {"b", "a"}; }, "'a' after 'b'");
  refused([](auto& p) { p.drained = {"a", "a"}; }, "drained");
  refused([](auto& p) { p.drained.assign(max_policy_nodes + 1, "a"); }, "1001 nodes");
  refused([](auto& p) { p.weights = {{"a", 1}, {"a", 1}}; }, "weights");
  refused([](auto& p) { p.weights = {{"a", 1e9}}; }, "weights: a: weight");
}

TEST_CASE("the operator's word counts over the relay's, but does not make a silent relay look alive") {
  policy rules;
  rules.drained = {"a", "b"};
  rules.weights = {{"b", 3}};
  CHECK(state_under(rules, relay("a")) == relay_state::draining);
  CHECK(state_under(rules, relay("a", "", 1, relay_state::joining)) == relay_state::draining);
  CHECK(state_under(rules, relay("a", "", 1, relay_state::failing)) == relay_state::failing);
  CHECK(state_under(rules, relay("a", "", 1, relay_state::suspect)) == relay_state::suspect);
  CHECK(state_under(rules, relay("c", "", 1, relay_state::draining)) == relay_state::draining);
  CHECK(state_under(rules, relay("c")) == relay_state::ready);
  CHECK(weight_under(rules, relay("b")) == 3);
  CHECK(weight_under(rules, relay("a", "", 2)) == 2);
}

TEST_CASE("an enumeration goes by the policy's drains and weights") {
  policy rules;
  rules.drained = {"b"};
  rules.weights = {{"a", 0.001}, {"c", 1000}};
  auto list = list_of({relay("a"), relay("b", "", 1000), relay("c")}, rules);
  for (int i = 0; i < 20; ++i) {
    auto found = enumerate(key(fmt::format("live/s{}", i)), list, "");
    CHECK(ids(found.order) == names{"c", "a", "b"});
    CHECK(ids(found.head) == names{"c", "a"});
    CHECK(found.order[0].weight == 1000);
    CHECK(found.order[2].state == relay_state::draining);
  }
}
