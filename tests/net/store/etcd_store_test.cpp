#include "net/store/etcd_json.hpp"
#include "net/store/etcd_store.hpp"
#include "net/store/stored_values.hpp"
#include "net/support/etcd_process.hpp"
#include "net/support/watch_proxy.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <future>

using namespace sluice;
using namespace sluice::net;
using namespace std::chrono_literals;
using sluice::test::etcd_process;
using sluice::test::watch_proxy;

namespace {

// Generous: the machine may be busy with other tests.
constexpr auto patience = 60s;

cluster::relay_entry relay(std::string id, std::uint64_t boot = 1, double weight = 1) {
  cluster::relay_entry out;
  out.id = std::move(id);
  out.boot_nonce = boot;
  out.trunk_address = "127.0.0.1:8500";
  out.zone = "east";
  out.weight = weight;
  return out;
}

etcd_options options_for(std::string directory, std::uint16_t port) {
  etcd_options out;
  out.servers = {{"127.0.0.1", port}};
  out.cluster = "test";
  out.directory = std::move(directory);
  out.check_every = 200ms;
  out.request_limit = 5s;
  out.retry_least = 20ms;
  out.retry_most = 200ms;
  return out;
}

// One directory's store on a worker of its own, and everything it told.
struct directory {
  explicit directory(etcd_options chosen) : pool(1, "store", logger("d")) {
    store = std::make_unique<etcd_store>(pool.at(0), std::move(chosen), logger("d"));
    store->watch(pool.at(0), [this](const plane::store_contents& now) {
      std::lock_guard lock(mutex);
      told.push_back(now);
      changed.notify_all();
    });
    pool.start();
  }
  directory(std::string id, const etcd_process& etcd) : directory(options_for(std::move(id), etcd.port())) {}
  ~directory() {
    store->stop();
    pool.stop();
  }

  // Whether the last contents come to satisfy `holds`.
  bool comes_to(const std::function<bool(const plane::store_contents&)>& holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, patience, [&] { return !told.empty() && holds(told.back()); });
  }
  bool comes_to_list(std::vector<std::string> ids) {
    return comes_to([&](const auto& now) {
      std::vector<std::string> there;
      for (const auto& one : now.relays)
        there.push_back(one.id);
      return now.fresh && there == ids;
    });
  }
  bool comes_to_be_fresh(bool fresh) {
    return comes_to([fresh](const auto& now) { return now.fresh == fresh; });
  }
  plane::store_contents last() {
    std::lock_guard lock(mutex);
    return told.empty() ? plane::store_contents{} : told.back();
  }
  result<void> put_policy(cluster::policy rules, std::uint64_t expected) {
    std::promise<result<void>> answer;
    store->put_policy(std::move(rules), expected, pool.at(0), [&](result<void> r) { answer.set_value(r); });
    return answer.get_future().get();
  }

  worker_pool pool;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<plane::store_contents> told;
  std::unique_ptr<etcd_store> store;
};

template <class Condition>
bool eventually(Condition holds) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

cluster::policy rules(std::uint64_t version, std::uint32_t copies = 3) {
  cluster::policy out;
  out.copies = copies;
  out.version = version;
  out.drained = {"r7"};
  out.weights = {{"r8", 2.5}};
  return out;
}

} // namespace

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

TEST_CASE("with etcd dead the list stays, and what was said meanwhile is written when it is back") {
  etcd_process etcd;
  directory a("d1", etcd), b("d2", etcd);
  a.store->put_relay(relay("r1"));
  a.store->put_relay(relay("r2"));
  REQUIRE(a.put_policy(rules(10), 0).has_value());
  auto complete = [](const auto& now) {
    return now.fresh && now.relays.size() == 2 && now.rules.version == 10;
  };
  REQUIRE(b.comes_to(complete));
  REQUIRE(a.comes_to(complete));

  etcd.kill();
  REQUIRE(a.comes_to_be_fresh(false));
  REQUIRE(b.comes_to_be_fresh(false));
  CHECK(b.last().relays.size() == 2);
  CHECK(b.last().rules == rules(10));
  CHECK(b.store->counters().fresh.value() == 0);
  CHECK(b.store->problem().find("127.0.0.1") != std::string::npos);
  auto refused = a.put_policy(rules(20), 10);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::unavailable);
  a.store->put_relay(relay("r3", 1, 7));
  a.store->put_relay(relay("r3", 1, 8));
  a.store->remove_relay("r1");

  SUBCASE("with its data") {
    etcd.start();
    CHECK(b.comes_to_list({"r2", "r3"}));
    CHECK(a.comes_to_list({"r2", "r3"}));
    CHECK(b.last().relays[1].weight == 8);
    CHECK(b.last().rules == rules(10));
    CHECK(eventually([&] { return a.store->counters().waiting.value() == 0; }));
    CHECK(eventually([&] { return a.store->problem().empty(); }));
  }
  SUBCASE("without: each directory writes what it hears again") {
    etcd.start_empty();
    CHECK(b.comes_to_list({"r2", "r3"}));
    CHECK(b.last().rules == cluster::policy{});
  }
}

TEST_CASE("a directory that died for good leaves no relay behind for ever, a living one's stay") {
  etcd_process etcd;
  directory b("d2", etcd);
  auto short_lease = options_for("d1", etcd.port());
  short_lease.lease = 2s;
  {
    directory a(short_lease);
    a.store->put_relay(relay("r1"));
    b.store->put_relay(relay("r2"));
    REQUIRE(b.comes_to_list({"r1", "r2"}));
    // Twice as long as the lease lives by itself.
    std::this_thread::sleep_for(4s);
    CHECK(b.last().relays.size() == 2);
  }
  CHECK(b.comes_to_list({"r2"}));
}

TEST_CASE("an outage of etcd that is longer than the lease expires nothing") {
  etcd_process etcd;
  auto short_lease = options_for("d1", etcd.port());
  short_lease.lease = 2s;
  directory a(short_lease), b("d2", etcd);
  a.store->put_relay(relay("r1"));
  REQUIRE(b.comes_to_list({"r1"}));
  etcd.kill();
  REQUIRE(b.comes_to_be_fresh(false));
  std::this_thread::sleep_for(4s);
  etcd.start();
  REQUIRE(b.comes_to_be_fresh(true));
  CHECK(b.last().relays.size() == 1);
  auto renewals = a.store->counters().http.requests.value();
  CHECK(eventually([&] { return a.store->counters().http.requests.value() > renewals + 10; }));
  CHECK(b.last().relays.size() == 1);
  CHECK(a.store->counters().written.value() == 1);
}

TEST_CASE("of three members one may die, not two") {
  auto members = test::etcd_cluster(3);
  auto chosen = options_for("d1", members[0]->port());
  chosen.servers.push_back({"127.0.0.1", members[1]->port()});
  chosen.servers.push_back({"127.0.0.1", members[2]->port()});
  chosen.request_limit = 2s;
  directory a(chosen);
  a.store->put_relay(relay("r1"));
  REQUIRE(a.comes_to_list({"r1"}));
  members[0]->kill();
  REQUIRE(eventually([&] { return a.store->counters().losses.value() > 0; }));
  a.store->put_relay(relay("r2"));
  CHECK(a.comes_to_list({"r1", "r2"}));
  // The member in use is alive and connected, and alone.
  members[2]->kill();
  CHECK(a.comes_to_be_fresh(false));
  a.store->put_relay(relay("r3"));
  members[2]->start();
  CHECK(a.comes_to_list({"r1", "r2", "r3"}));
}

TEST_CASE("a key of ours that somebody erased, or whose lease was ended, is written again") {
  etcd_process etcd;
  directory a("d1", etcd);
  a.store->put_relay(relay("r1"));
  REQUIRE(a.comes_to_list({"r1"}));
  auto erase_at = [&] { etcd.erase("/sluice/test/relays/r1/d1"); };
  SUBCASE("erased") {
    erase_at();
  }
  SUBCASE("lease ended") {
    auto kept = etcd::decode_range(
        etcd.post("/v3/kv/range", etcd::encode({etcd::keys_under("/sluice/"), 0, 0, 0, false})));
    REQUIRE(kept.has_value());
    etcd.post("/v3/lease/revoke", fmt::format(R"({{"ID":"{}"}})", kept->found.at(0).lease));
  }
  CHECK(eventually([&] { return a.store->counters().written.value() >= 2; }));
  CHECK(a.comes_to_list({"r1"}));
}

TEST_CASE("a directory that comes back takes its relays under its new lease") {
  etcd_process etcd;
  {
    directory before("d1", etcd);
    before.store->put_relay(relay("r1"));
    REQUIRE(before.comes_to_list({"r1"}));
  }
  directory again("d1", etcd);
  CHECK(again.comes_to_list({"r1"}));
  again.store->put_relay(relay("r1"));
  CHECK(eventually([&] { return again.store->counters().written.value() == 1; }));
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

TEST_CASE("a watch that is half-open is found out") {
  etcd_process etcd;
  watch_proxy proxy(etcd.port());
  directory a("d1", etcd);
  directory b(options_for("d2", proxy.port()));
  a.store->put_relay(relay("r1"));
  a.store->put_relay(relay("r2"));
  REQUIRE(b.comes_to_list({"r1", "r2"}));
  proxy.silence_watches();
  SUBCASE("by a key that changed") {
    a.store->put_relay(relay("r3"));
    CHECK(b.comes_to_list({"r1", "r2", "r3"}));
  }
  SUBCASE("by a key that is gone") {
    a.store->remove_relay("r1");
    CHECK(b.comes_to_list({"r2"}));
  }
  CHECK(b.store->counters().losses.value() == 1);
}

TEST_CASE("an etcd that stands still is lost, and found again") {
  etcd_process etcd;
  auto impatient = options_for("d1", etcd.port());
  impatient.request_limit = 1s;
  directory a(impatient);
  a.store->put_relay(relay("r1"));
  REQUIRE(a.comes_to_list({"r1"}));
  etcd.freeze();
  CHECK(a.comes_to_be_fresh(false));
  CHECK(a.store->problem().find("no answer within 1000 ms") != std::string::npos);
  auto late = a.put_policy(rules(1), 0);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == errc::unavailable);
  etcd.thaw();
  CHECK(a.comes_to_list({"r1"}));
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
