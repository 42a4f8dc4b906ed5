#include "net/store/etcd_json.hpp"
#include "net/store/stored_values.hpp"
#include "net/support/store_directory.hpp"
#include "net/support/watch_proxy.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;

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
  auto short_lease = [&](std::string id) {
    auto out = options_for(std::move(id), etcd.port());
    out.lease = 2s;
    return out;
  };
  directory a(short_lease("d1")), b("d2", etcd);
  a.store->put_relay(relay("r1"));
  b.store->put_relay(relay("r2"));
  REQUIRE(b.comes_to_list({"r1", "r2"}));
  // Twice: by then a's lease, too, would be over by itself, however lately it was renewed once.
  for (int life = 0; life < 2; ++life) {
    {
      directory dies(short_lease("d3"));
      dies.store->put_relay(relay("r3"));
      REQUIRE(b.comes_to_list({"r1", "r2", "r3"}));
    }
    CHECK(b.comes_to_list({"r1", "r2"}));
  }
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
  // Nothing happens meanwhile that could be waited for: only a living etcd ends leases.
  std::this_thread::sleep_for(2 * short_lease.lease);
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
