#include "cluster/policy.hpp"
#include "net/store/etcd_json.hpp"
#include "net/store/stored_values.hpp"
#include "net/support/ports.hpp"
#include "net/support/store_directory.hpp"
#include "net/support/watch_proxy.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;

TEST_CASE("a relay put by one directory is listed at the other until none hears it") {
  etcd_process etcd;
  directory a("d1", etcd), b("d2", etcd);
  CHECK(a.comes_to_list({}));
  a.store->put_relay(relay("r2", 5, 1.5));
  a.store->put_relay(relay("r1"));
  CHECK(b.comes_to_list({"r1", "r2"}));
  CHECK(a.comes_to_list({"r1", "r2"}));
  CHECK(b.last().relays[1] == relay("r2", 5, 1.5));
  CHECK(b.last().revision == a.last().revision);

  SUBCASE("of two boots the newer counts, whoever heard it") {
    b.store->put_relay(relay("r1", 9, 4));
    a.store->put_relay(relay("r1", 2, 3));
    CHECK(a.comes_to([](const auto& now) { return now.relays.at(0).boot_nonce == 9; }));
    CHECK(b.comes_to([](const auto& now) { return now.relays.at(0).weight == 4; }));
  }
  SUBCASE("it lives while one directory hears it") {
    b.store->put_relay(relay("r1"));
    CHECK(eventually([&] { return b.store->counters().written.value() == 1; }));
    a.store->remove_relay("r1");
    a.store->remove_relay("r2");
    CHECK(b.comes_to_list({"r1"}));
    b.store->remove_relay("r1");
    CHECK(a.comes_to_list({}));
  }
}

TEST_CASE("the store's revision grows with every change, over new lists too") {
  etcd_process etcd;
  directory a("d1", etcd);
  a.store->put_relay(relay("r1"));
  a.store->put_relay(relay("r2"));
  REQUIRE(a.comes_to_list({"r1", "r2"}));
  a.store->remove_relay("r2");
  REQUIRE(a.comes_to_list({"r1"}));
  etcd.kill();
  REQUIRE(a.comes_to_be_fresh(false));
  etcd.start();
  REQUIRE(a.comes_to_be_fresh(true));
  std::uint64_t before = 0;
  for (const auto& one : a.told) {
    CHECK(one.revision >= before);
    before = one.revision;
  }
}

TEST_CASE("of two changes of the policy to one version only the first is taken") {
  etcd_process etcd;
  directory a("d1", etcd), b("d2", etcd);
  CHECK(a.comes_to([](const auto& now) { return now.fresh && now.rules == cluster::policy{}; }));
  CHECK(a.put_policy(rules(10), 0).has_value());
  auto second = b.put_policy(rules(11, 4), 0);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == errc::conflict);
  CHECK(second.error().message == "the stored policy is of version 10, not 0");
  CHECK(b.store->counters().conflicts.value() == 1);
  CHECK(b.comes_to([](const auto& now) { return now.rules == rules(10); }));
  CHECK(b.put_policy(rules(11, 4), 10).has_value());
  CHECK(a.comes_to([](const auto& now) { return now.rules == rules(11, 4); }));
  // Said twice, as after a lost answer, it is the same change.
  CHECK(b.put_policy(rules(11, 4), 10).has_value());
  auto unknown = b.put_policy(rules(99), 98);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == errc::conflict);
}

TEST_CASE("a change of the policy keeps those stored ones that its directory has not heard of") {
  etcd_process etcd;
  directory a("d1", etcd);
  REQUIRE(a.put_policy(rules(10), 0).has_value());
  // Made elsewhere before version 10, so the version stays.
  auto stored = cluster::merged(rules(10), *cluster::with_drained({}, "r9", true, 5));
  REQUIRE(stored.version == 10);
  etcd.put("/sluice/test/policy", etcd::value_of(stored));
  CHECK(a.put_policy(rules(11, 4), 10).has_value());
  auto both = cluster::merged(rules(11, 4), stored);
  CHECK(both.drained == std::vector<node_id>{"r7", "r9"});
  CHECK(a.comes_to([&](const auto& now) { return now.rules == both; }));
}

TEST_CASE("a list read just before a compaction is read again") {
  etcd_process etcd;
  watch_proxy proxy(etcd.port());
  proxy.hold_watches();
  directory a("d1", etcd);
  directory b(options_for("d2", proxy.port()));
  a.store->put_relay(relay("r1"));
  REQUIRE(a.comes_to_list({"r1"}));
  // The list of b is complete, its watch has not reached etcd: now its history goes.
  REQUIRE(eventually([&] { return proxy.held() == 1; }));
  for (int i = 0; i < 5; ++i)
    etcd.put("/elsewhere", "x");
  a.store->put_relay(relay("r2"));
  REQUIRE(a.comes_to_list({"r1", "r2"}));
  for (int i = 0; i < 5; ++i)
    etcd.put("/elsewhere", "x");
  etcd.compact(etcd.revision());
  proxy.release_watches();
  CHECK(b.comes_to_list({"r1", "r2"}));
  CHECK(b.store->counters().compactions.value() == 1);
  CHECK(b.store->counters().losses.value() == 0);
}

TEST_CASE("a compaction under a watch that keeps up is not noticed") {
  etcd_process etcd;
  directory a("d1", etcd);
  a.store->put_relay(relay("r1"));
  REQUIRE(a.comes_to_list({"r1"}));
  for (int i = 0; i < 20; ++i)
    etcd.put("/elsewhere", "x");
  etcd.compact(etcd.revision());
  a.store->put_relay(relay("r2"));
  CHECK(a.comes_to_list({"r1", "r2"}));
  CHECK(a.store->counters().lists.value() == 1);
}

TEST_CASE("the servers are tried in turn, by name too") {
  etcd_process etcd;
  auto several = options_for("d1", etcd.port());
  several.servers = {{"127.0.0.1", test::free_port()}, {"localhost", etcd.port()}};
  directory a(several);
  a.store->put_relay(relay("r1"));
  CHECK(a.comes_to_list({"r1"}));
  CHECK(a.store->counters().http.failures.value() == 1);
  auto answers = ask_etcd(several);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].revision.error().code == errc::io);
  CHECK(answers[1].revision.value() > 0);
}

TEST_CASE("keys of others, and values that cannot be read, count for nothing") {
  etcd_process etcd;
  etcd.put("/sluice/test2/relays/x1/d1", etcd::value_of(relay("x1")));
  etcd.put("/sluice/tes", "x");
  etcd.put("/sluice/test/relays/r0", "no directory");
  etcd.put("/sluice/test/relays/r0/d9", "{not json");
  etcd.put("/sluice/test/relays/r5/d9", etcd::value_of(relay("r6")));
  etcd.put("/sluice/test/notes", std::string(1'000'000, 'n'));
  directory a("d1", etcd);
  a.store->put_relay(relay("r1"));
  CHECK(a.comes_to_list({"r1"}));
  CHECK(a.store->counters().malformed.value() == 4);
  // As news, too; and a bad policy leaves the good one in force.
  REQUIRE(a.put_policy(rules(10), 0).has_value());
  REQUIRE(a.comes_to([](const auto& now) { return now.rules.version == 10; }));
  etcd.put("/sluice/test/policy", R"({"copies": 99})");
  etcd.put("/sluice/test/relays/r3/d9", "[]");
  a.store->put_relay(relay("r2"));
  CHECK(a.comes_to_list({"r1", "r2"}));
  CHECK(a.last().rules == rules(10));
  CHECK(a.store->counters().malformed.value() == 6);
  auto unreadable = a.put_policy(rules(20), 10);
  REQUIRE_FALSE(unreadable.has_value());
  CHECK(unreadable.error().code == errc::malformed);
  // The watch is held against the store all the while, which has keys that count for nothing.
  auto checks = a.store->counters().http.requests.value();
  CHECK(eventually([&] { return a.store->counters().http.requests.value() > checks + 3; }));
  CHECK(a.store->counters().losses.value() == 0);
}

TEST_CASE("large values of others beside the keys only make the pages of the list smaller") {
  etcd_process etcd;
  for (int i = 0; i < 9; ++i)
    etcd.put(fmt::format("/sluice/test/notes{}", i), std::string(1'000'000, 'n'));
  directory a("d1", etcd);
  a.store->put_relay(relay("r1"));
  CHECK(a.comes_to_list({"r1"}));
}

TEST_CASE("two thousand relays of two directories are written and listed") {
  etcd_process etcd;
  directory a("d1", etcd), b("d2", etcd);
  for (int i = 0; i < 2'000; ++i) {
    a.store->put_relay(relay(fmt::format("r{:04}", i)));
    b.store->put_relay(relay(fmt::format("r{:04}", i)));
  }
  auto all = [](const auto& now) { return now.fresh && now.relays.size() == 2'000; };
  CHECK(a.comes_to(all));
  CHECK(b.comes_to(all));
  CHECK(eventually([&] { return a.store->counters().written.value() == 2'000; }));
  CHECK(eventually([&] { return b.store->counters().written.value() == 2'000; }));
  directory c("d3", etcd);
  CHECK(c.comes_to(all));
  CHECK(c.store->counters().lists.value() == 1);
}

TEST_CASE("a store that is stopped answers what is asked of it, and tells nothing any more") {
  etcd_process etcd;
  directory a("d1", etcd);
  REQUIRE(a.comes_to_be_fresh(true));
  a.store->stop();
  auto answer = a.put_policy(rules(1), 0);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == errc::closed);
}
