#include "actors/operator_line.hpp"
#include "roles/bridge_support.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::roles;
using namespace sluice::roles::test;
using cluster::node_role;

namespace {

/// An operator's program: sockets of its own and a line to one directory.
struct desk {
  explicit desk(const std::string& secret = "s3cret") : pool(1, "t/op", logger("op")) {
    net::guard_options guarded;
    guarded.cluster = "test";
    guarded.secret = secret;
    guard.emplace(pool.at(0), guarded, logger("op"));
    pool.start();
    line.emplace(*guard, std::chrono::seconds(10));
  }
  ~desk() {
    line.reset();
    guard.reset();
    pool.stop();
  }
  cluster::policy rules() {
    auto about = line->overview();
    REQUIRE_MESSAGE(about.has_value(), about.error().message);
    return about->rules;
  }

  net::worker_pool pool;
  std::optional<net::guard> guard;
  std::optional<actors::operator_line> line;
};

cluster::policy_change drain(const std::string& id) {
  cluster::policy_change out;
  out.what = cluster::policy_command::drain;
  out.node = id;
  return out;
}

} // namespace

TEST_CASE("an operator's line asks a directory and gives up on those that do not answer") {
  node d1(directory("d1"));
  node relay(client("r1", node_role::relay, {d1.address()}));
  desk op;
  auto dead = op.line->connect({"127.0.0.1:1", "127.0.0.1:2"});
  REQUIRE(dead.has_error());
  CHECK(dead.error().message == "127.0.0.1:1: refused; 127.0.0.1:2: refused");
  auto found = op.line->connect({"127.0.0.1:1", d1.address()});
  REQUIRE(found.has_value());
  CHECK(*found == d1.address());
  CHECK(eventually([&] { return op.line->nodes()->size() == 2; }));
  CHECK(op.line->streams()->empty());
  CHECK(op.line->enumerate("live/room1", "")->order.size() == 1);
  CHECK(op.line->change(drain("r2")).error().code == errc::not_found);
  CHECK_FALSE(*op.line->thaw());
}

TEST_CASE("an operator without the cluster's secret is refused") {
  node d1(directory("d1"));
  desk op("another");
  auto refused = op.line->connect({d1.address()});
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("secret") != std::string::npos);
}

TEST_CASE("a policy changed at one directory reaches the others by the nodes, and one that starts anew") {
  node d1(directory("d1"));
  auto d2 = std::make_unique<node>(directory("d2"));
  node relay(client("r1", node_role::relay, {d1.address(), d2->address()}));
  REQUIRE(eventually([&] { return relay.connected() == 2; }));
  desk at_d1, at_d2;
  REQUIRE(at_d1.line->connect({d1.address()}).has_value());
  REQUIRE(at_d2.line->connect({d2->address()}).has_value());
  auto done = at_d1.line->change(drain("r1"));
  REQUIRE_MESSAGE(done.has_value(), done.error().message);
  CHECK(eventually([&] { return at_d2.rules() == done->rules; }));
  CHECK(eventually([&] { return relay.plane_part->relay_list()->rules == done->rules; }));
  auto port = d2->guard->port();
  d2.reset();
  d2 = std::make_unique<node>(directory("d2", port));
  desk again;
  CHECK(eventually([&] { return again.line->connect({d2->address()}).has_value(); }));
  CHECK(eventually([&] { return again.rules() == done->rules; }));
}

TEST_CASE("different changes made at two directories at once are both in force everywhere") {
  node d1(directory("d1")), d2(directory("d2"));
  node relay(client("r1", node_role::relay, {d1.address(), d2.address()}));
  REQUIRE(eventually([&] { return relay.connected() == 2; }));
  desk at_d1, at_d2;
  REQUIRE(at_d1.line->connect({d1.address()}).has_value());
  REQUIRE(at_d2.line->connect({d2.address()}).has_value());
  cluster::policy_change weight;
  weight.what = cluster::policy_command::weight;
  weight.node = "r1";
  weight.weight = 3;
  REQUIRE(at_d1.line->change(drain("r1")).has_value());
  REQUIRE(at_d2.line->change(weight).has_value());
  auto both = [](const cluster::policy& rules) {
    return rules.drained == std::vector<node_id>{"r1"} && rules.weights.size() == 1 &&
           rules.weights[0].second == 3;
  };
  CHECK(eventually([&] { return both(at_d1.rules()) && both(at_d2.rules()); }));
  CHECK(eventually([&] { return both(relay.plane_part->relay_list()->rules); }));
  CHECK(at_d1.rules() == at_d2.rules());
}

TEST_CASE("relays' loads come to the nodes") {
  node d1(directory("d1"));
  node relay(client("r1", node_role::relay, {d1.address()}));
  node edge(client("e1", node_role::edge, {d1.address()}));
  relay.data.egress_bps = 900'000'000;
  CHECK(eventually([&] { return edge.data.loads > 0; }));
}
