#include "actors/directory.hpp"
#include "actors/support.hpp"
#include "cluster/policy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

using namespace sluice;
using namespace sluice::actors;
using namespace sluice::actors::test;
using std::chrono::milliseconds;

namespace {

/// A store whose words the test chooses.
class scripted_store final : public plane::store {
public:
  void watch(plane::executor& caller, std::function<void(const plane::store_contents&)> changed) override {
    caller_ = &caller;
    changed_ = std::move(changed);
  }
  void put_relay(cluster::relay_entry relay) override { put.push_back(relay.id); }
  void remove_relay(node_id relay) override { removed.push_back(std::move(relay)); }
  void put_policy(cluster::policy rules, std::uint64_t expected, plane::executor& caller,
                  plane::reply<void> done) override {
    result<void> answer;
    if (expected != all.rules.version)
      answer = error{errc::conflict, "changed meanwhile"};
    else
      all.rules = cluster::merged(all.rules, rules);
    ++asked;
    caller.post([done, answer] { done(answer); });
  }
  void say() {
    caller_->post([this] { changed_(all); });
  }

  plane::store_contents all;
  std::vector<node_id> put, removed;
  int asked = 0;

private:
  plane::executor* caller_ = nullptr;
  std::function<void(const plane::store_contents&)> changed_;
};

change_request drain(const std::string& id) {
  change_request out;
  out.change.what = cluster::policy_command::drain;
  out.change.node = id;
  return out;
}

change_request copies(std::uint32_t count) {
  change_request out;
  out.change.copies = count;
  return out;
}

policy_offer offer(std::uint64_t version, std::uint32_t copies_wanted) {
  policy_offer out;
  out.rules = *cluster::with_copies({}, copies_wanted, version);
  return out;
}

struct fixture : stage {
  explicit fixture(bool with_store = false) {
    directory_config config;
    config.options.id = "d1";
    config.options.boot_nonce = 5;
    if (with_store) config.store = std::make_shared<store_link>(store);
    door = sys().spawn(directory, std::move(config));
    auto listen = [](watcher_actor::pointer, fixture* here) -> watcher_actor::behavior_type {
      return {[here](const snapshot_update& update) { here->lists.push_back(update.published); },
              [here](const load_update& update) { here->loads.push_back(update); }};
    };
    watcher = sys().spawn(listen, this);
    run();
    ask<snapshot_update>(door, watch_atom_v, watcher);
    register_request relay;
    relay.node.id = "r1";
    relay.node.boot_nonce = 7;
    relay.node.trunk_address = "127.0.0.1:8500";
    ask<register_answer>(door, register_atom_v, relay);
    advance(milliseconds(600));
  }
  ~fixture() {
    caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
    run();
  }
  auto change(const change_request& what) { return ask<overview_answer>(door, change_atom_v, what); }
  cluster::policy rules() { return ask<overview_answer>(door, overview_atom_v)->answer->overview.rules; }

  scripted_store store;
  directory_actor door;
  watcher_actor watcher;
  std::vector<cluster::published_snapshot> lists;
  std::vector<load_update> loads;
};

struct with_store : fixture {
  with_store() : fixture(true) {}
};

} // namespace

TEST_CASE_FIXTURE(fixture, "an operator's change is in force, answered and pushed at once") {
  auto before = lists.size();
  auto done = change(drain("r1"));
  REQUIRE(done->answer.has_value());
  CHECK(done->answer->overview.rules.drained == std::vector<node_id>{"r1"});
  CHECK(done->answer->overview.rules.version > 0);
  REQUIRE(lists.size() == before + 1);
  CHECK(lists.back().list.rules == done->answer->overview.rules);
  // What is so already changes nothing.
  auto again = change(drain("r1"));
  CHECK(again->answer->overview.rules.version == done->answer->overview.rules.version);
  CHECK(lists.size() == before + 1);
}

TEST_CASE_FIXTURE(fixture, "a change that cannot be is refused with the reason") {
  CHECK(change(drain("r9"))->failure->code == errc::not_found);
  CHECK(change(copies(1000))->failure->code == errc::bad_argument);
  change_request algorithm;
  algorithm.change.algorithm = "dice";
  CHECK(change(algorithm)->failure->code == errc::unsupported);
  change_request weight;
  weight.change.what = cluster::policy_command::weight;
  weight.change.node = "r1";
  weight.change.weight = -1;
  CHECK(change(weight)->failure->code == errc::bad_argument);
  CHECK(rules().version == 0);
}

TEST_CASE_FIXTURE(fixture, "a newer policy that a node offers is taken over, an older one is not") {
  caf::anon_send(door, offer_atom_v, offer(100, 3));
  run();
  CHECK(rules().copies == 3);
  CHECK(lists.back().list.rules.copies == 3);
  caf::anon_send(door, offer_atom_v, offer(99, 4));
  auto broken = offer(101, 4);
  broken.rules.copies = 1000;
  caf::anon_send(door, offer_atom_v, broken);
  run();
  CHECK(rules().version == 100);
  // An earlier change of something else is one that this directory lacks.
  policy_offer drained;
  drained.rules = *cluster::with_drained({}, "r1", true, 50);
  caf::anon_send(door, offer_atom_v, drained);
  run();
  CHECK(rules().drained == std::vector<node_id>{"r1"});
  CHECK(rules().copies == 3);
  CHECK(rules().version == 100);
}

TEST_CASE_FIXTURE(fixture, "loads are told each second and change no list") {
  heartbeat_request beat;
  beat.beat.id = "r1";
  beat.beat.boot_nonce = 7;
  beat.beat.load.egress_bps = 900'000'000;
  beat.beat.load.capacity_bps = 1'000'000'000;
  loads.clear();
  auto revision = lists.back().at;
  for (int second = 0; second < 4; ++second) {
    ask<heartbeat_answer>(door, heartbeat_atom_v, beat);
    advance(milliseconds(1000));
  }
  CHECK(loads.size() == 4);
  auto levels = cluster::unpack_loads(lists.back().list, loads.back().loads);
  CHECK(levels["r1"] > 8);
  CHECK(lists.back().at == revision);
}

TEST_CASE_FIXTURE(fixture, "many watchers are told of a list little by little, and none of an older one") {
  struct heard {
    std::vector<std::uint64_t> revisions;
  };
  std::vector<heard> told(500);
  auto listen = [](watcher_actor::pointer, heard* mine) -> watcher_actor::behavior_type {
    return {[mine](const snapshot_update& list) { mine->revisions.push_back(list.published.at.counter); },
            [](const load_update&) {}};
  };
  std::vector<watcher_actor> crowd;
  for (auto& mine : told)
    ask<snapshot_update>(door, watch_atom_v, crowd.emplace_back(sys().spawn(listen, &mine)));
  auto reached = [&](std::uint64_t revision) {
    return std::count_if(told.begin(), told.end(), [&](const heard& one) {
      return !one.revisions.empty() && one.revisions.back() >= revision;
    });
  };
  auto start = lists.back().at.counter;
  change(drain("r1"));
  for (int waited = 0; waited < 1100 && reached(start + 1) == 0; ++waited)
    advance(milliseconds(1), milliseconds(1));
  CHECK(reached(start + 1) > 0);
  CHECK(reached(start + 1) < 100);
  change(copies(4));
  advance(milliseconds(1000), milliseconds(1));
  CHECK(reached(lists.back().at.counter) == 500);
  CHECK(lists.back().at.counter >= start + 2);
  for (const auto& one : told)
    CHECK(std::is_sorted(one.revisions.begin(), one.revisions.end()));
  for (auto& one : crowd)
    caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  run();
}

TEST_CASE_FIXTURE(fixture, "many watchers are told of the loads little by little, and each of them") {
  std::vector<int> told(500);
  auto count = [](watcher_actor::pointer, int* mine) -> watcher_actor::behavior_type {
    return {[](const snapshot_update&) {}, [mine](const load_update&) { ++*mine; }};
  };
  std::vector<watcher_actor> crowd;
  advance(milliseconds(1000));
  for (auto& mine : told)
    ask<snapshot_update>(door, watch_atom_v, crowd.emplace_back(sys().spawn(count, &mine)));
  auto all = [&] { return std::accumulate(told.begin(), told.end(), 0); };
  for (int waited = 0; waited < 1100 && all() == 0; ++waited)
    advance(milliseconds(1), milliseconds(1));
  CHECK(all() > 0);
  CHECK(all() < 100);
  advance(milliseconds(500), milliseconds(1));
  CHECK(told == std::vector<int>(500, 1));
  advance(milliseconds(1000), milliseconds(1));
  CHECK(told == std::vector<int>(500, 2));
  for (auto& one : crowd)
    caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  run();
}

TEST_CASE_FIXTURE(fixture, "nothing is thawed when nothing is frozen") {
  CHECK_FALSE(*ask<bool>(door, thaw_atom_v)->answer);
}

TEST_CASE_FIXTURE(with_store, "a directory with a store tells it the relays it hears, once") {
  store.all.fresh = true;
  store.say();
  advance(milliseconds(400));
  CHECK(store.put == std::vector<node_id>{"r1"});
  leave_request gone;
  gone.id = "r1";
  gone.boot_nonce = 7;
  ask<caf::unit_t>(door, leave_atom_v, gone);
  advance(milliseconds(200));
  CHECK(store.removed == std::vector<node_id>{"r1"});
}

TEST_CASE_FIXTURE(with_store, "a change goes through the store, which refuses it while it does not answer") {
  CHECK(change(copies(3))->failure->code == errc::unavailable);
  CHECK(lists.back().store_lost);
  store.all.fresh = true;
  store.say();
  run();
  CHECK_FALSE(lists.back().store_lost);
  auto done = change(copies(3));
  REQUIRE(done->answer.has_value());
  CHECK(store.all.rules.copies == 3);
  CHECK(rules().copies == 3);
  CHECK(lists.back().list.rules.copies == 3);
  store.all.fresh = false;
  store.say();
  run();
  CHECK(change(copies(4))->failure->code == errc::unavailable);
  CHECK(rules().copies == 3);
}

TEST_CASE_FIXTURE(with_store, "somebody else's change in the store wins, and is heard of") {
  store.all.fresh = true;
  store.say();
  run();
  store.all.rules = *cluster::with_copies({}, 5, 50);
  CHECK(change(copies(3))->failure->code == errc::conflict);
  CHECK(rules().version == 0);
  store.say();
  run();
  CHECK(rules().copies == 5);
  CHECK(lists.back().list.rules.copies == 5);
}

TEST_CASE_FIXTURE(with_store, "relays that only the store lists are listed here") {
  store.all.fresh = true;
  cluster::relay_entry other;
  other.id = "r2";
  other.boot_nonce = 3;
  other.trunk_address = "127.0.0.1:8501";
  store.all.relays = {other};
  store.say();
  run();
  advance(milliseconds(200));
  auto nodes = ask<node_page>(door, nodes_atom_v, page_query{});
  REQUIRE(nodes->answer->nodes.size() == 2);
  CHECK(nodes->answer->nodes[1].id == "r2");
  CHECK(nodes->answer->nodes[1].elsewhere);
  store.all.fresh = false;
  store.say();
  advance(milliseconds(20'000));
  nodes = ask<node_page>(door, nodes_atom_v, page_query{});
  CHECK(std::any_of(nodes->answer->nodes.begin(), nodes->answer->nodes.end(),
                    [](const auto& n) { return n.id == "r2"; }));
}

TEST_CASE_FIXTURE(with_store, "an offered policy reaches the store by one way, however many offer it") {
  store.all.fresh = true;
  store.say();
  run();
  for (int i = 0; i < 20; ++i)
    caf::anon_send(door, offer_atom_v, offer(100, 3));
  run();
  CHECK(store.all.rules.version == 100);
  CHECK(store.asked == 1);
  CHECK(rules().copies == 3);
}

TEST_CASE_FIXTURE(with_store, "a store that lost its policy is given it again") {
  store.all.fresh = true;
  store.say();
  run();
  auto done = change(copies(3));
  REQUIRE(done->answer.has_value());
  store.all.rules = cluster::policy{};
  store.say();
  run();
  CHECK(store.all.rules == done->answer->overview.rules);
  CHECK(rules().copies == 3);
}

TEST_CASE_FIXTURE(with_store, "a change that only this directory has heard of is added to the stored ones") {
  store.all.fresh = true;
  store.all.rules = *cluster::with_copies({}, 5, 50);
  store.say();
  run();
  policy_offer drained;
  drained.rules = *cluster::with_drained({}, "r1", true, 40);
  caf::anon_send(door, offer_atom_v, drained);
  run();
  CHECK(store.all.rules.copies == 5);
  CHECK(store.all.rules.drained == std::vector<node_id>{"r1"});
  CHECK(rules() == store.all.rules);
}
