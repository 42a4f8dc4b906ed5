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

TEST_CASE("changes made at the same time are all kept, in whatever order they are heard") {
  policy rules;
  std::vector<policy> made{*with_drained(rules, "r1", true, now_us), *with_weight(rules, "r2", 3, now_us),
                           *with_copies(rules, 4, now_us + 1), *with_weight(rules, "r3", 0.5, now_us - 7)};
  auto after = [&](std::vector<std::size_t> order) {
    policy out;
    for (auto i : order)
      out = merged(out, made[i]);
    return out;
  };
  auto all = after({0, 1, 2, 3});
  CHECK(all.drained == names{"r1"});
  CHECK(all.weights == std::vector<std::pair<node_id, double>>{{"r2", 3}, {"r3", 0.5}});
  CHECK(all.copies == 4);
  CHECK(all.version == now_us + 1);
  CHECK(check_policy(all).has_value());
  CHECK(after({3, 2, 1, 0}) == all);
  CHECK(after({1, 1, 3, 0, 2, 1}) == all);
  CHECK_FALSE(supersedes(made[0], all));
  CHECK(supersedes(all, made[0]));
}

TEST_CASE("of two changes of one thing the later counts, also when it takes something back") {
  auto drained = *with_drained({}, "r1", true, now_us);
  auto undrained = *with_drained(drained, "r1", false, now_us + 5);
  auto again = *with_drained(undrained, "r1", true, now_us + 9);
  CHECK(merged(drained, undrained).drained.empty());
  CHECK(merged(undrained, drained).drained.empty());
  CHECK(merged(again, merged(drained, undrained)) == again);
  auto heavy = *with_weight({}, "r1", 3, now_us), own = *with_weight(heavy, "r1", std::nullopt, now_us + 1);
  CHECK(merged(heavy, own).weights.empty());
  CHECK(merged(own, heavy) == own);
}

TEST_CASE("what nobody changed stays as each directory was started with it") {
  policy mine, theirs;
  mine.copies = 3;
  theirs.spread = 5;
  auto changed = *with_drained(theirs, "r1", true, now_us);
  CHECK(merged(mine, changed).copies == 3);
  CHECK(merged(mine, changed).spread == mine.spread);
  CHECK(merged(mine, changed).drained == names{"r1"});
}

TEST_CASE("what an operator decides counts elsewhere, too, where it was so already") {
  policy here, elsewhere;
  elsewhere.copies = 3;
  auto said = *with_copies(here, here.copies, now_us);
  CHECK(said.version == now_us);
  CHECK(merged(elsewhere, said).copies == here.copies);
  CHECK(*with_copies(said, here.copies, now_us + 1) == said);
  CHECK(*with_drained(here, "r1", false, now_us) == here);
  CHECK(*with_weight(here, "r1", std::nullopt, now_us) == here);
}

TEST_CASE("of more changes than a policy keeps the oldest of those taken back is forgotten") {
  policy rules;
  rules.version = now_us;
  rules.drained = {"r0000"};
  for (std::size_t i = 0; i < max_policy_changes; ++i)
    rules.changes.emplace_back(fmt::format("drain/r{:04}", i), 1 + i);
  auto more = with_drained(rules, "zz", true, now_us + 1);
  REQUIRE_MESSAGE(more.has_value(), more.error().message);
  CHECK(more->changes.size() == max_policy_changes);
  CHECK(more->changes[0].first == "drain/r0000");
  CHECK(more->changes[1].first == "drain/r0002");
  CHECK(more->changes.back().first == "drain/zz");
}

TEST_CASE("two who forget come to the same, and want nothing forgotten back") {
  auto full = [](char name, std::uint64_t first) {
    policy rules;
    rules.version = 2 * max_policy_changes;
    for (std::size_t i = 0; i < max_policy_changes; ++i)
      rules.changes.emplace_back(fmt::format("drain/{}{:04}", name, i), first + 2 * i);
    return rules;
  };
  auto mine = full('a', 1), theirs = full('b', 2);
  auto both = merged(mine, theirs);
  CHECK(both == merged(theirs, mine));
  CHECK(check_policy(both).has_value());
  CHECK(both.changes.size() == max_policy_changes);
  CHECK(std::all_of(both.changes.begin(), both.changes.end(),
                    [](auto& one) { return one.second > max_policy_changes; }));
  CHECK_FALSE(supersedes(mine, both));
  CHECK_FALSE(supersedes(theirs, both));
  CHECK(supersedes(both, mine));
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
  refused([](auto& p) { p.changes = {{"colour", 1}}; }, "'colour'");
  refused([](auto& p) { p.changes = {{"drain/a b", 1}}; }, "'drain/a b'");
  refused([](auto& p) { p.changes = {{"copies", 1}}; }, "copies: version 1");
  refused(
      [](auto& p) {
        p.version = 3;
        p.changes = {{"spread", 2}, {"copies", 2}};
      },
      "'copies' after 'spread'");
  refused([](auto& p) { p.changes.assign(max_policy_changes + 1, {"copies", 1}); }, "3001 entries");
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
