#include "actors/locator.hpp"
#include "actors/support.hpp"
#include "cluster/snapshot.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::actors;
using namespace sluice::actors::test;
using cluster::liveness;
using std::chrono::milliseconds;

namespace {

/// A directory that answers as told, or not at all.
struct script {
  bool silent = false;
  liveness live = liveness::live;
  std::size_t relays = 1;
  std::uint64_t list = 0;       ///< digest of its list
  std::uint64_t asked_with = 0; ///< digest in the last question
  epoch last;
  node_id name;
  std::vector<node_id> hears;
  int asked = 0;
  std::vector<caf::typed_response_promise<enumerate_answer>> owed; ///< while silent

  [[nodiscard]] enumerate_answer answer() const {
    enumerate_answer out;
    out.found.live = live;
    out.found.order.resize(relays);
    out.found.digest = list;
    return out;
  }
};

directory_actor::behavior_type scripted(directory_actor::pointer self, std::shared_ptr<script> how) {
  auto nothing = [](auto&&...) { return caf::result<void>(caf::unit); };
  return {
      [](register_atom, const register_request&) { return register_answer{}; },
      [](heartbeat_atom, const heartbeat_request&) { return heartbeat_answer{}; },
      [nothing](leave_atom, const leave_request&) { return nothing(); },
      [nothing](announce_atom, const announce_request&) { return nothing(); },
      [nothing](withdraw_atom, const withdraw_request&) { return nothing(); },
      [self, how](enumerate_atom, const stream_query& query) -> caf::result<enumerate_answer> {
        ++how->asked;
        how->asked_with = query.list;
        if (!how->silent) return how->answer();
        return how->owed.emplace_back(self->make_response_promise<enumerate_answer>());
      },
      [self, how](recall_atom, const stream_query&) -> caf::result<recall_answer> {
        if (how->silent) return self->make_response_promise<recall_answer>();
        recall_answer out;
        out.known.last = how->last;
        return out;
      },
      [](streams_atom, const page_query&) { return stream_page{}; },
      [self, how](nodes_atom, const page_query&) -> caf::result<node_page> {
        if (how->silent) return self->make_response_promise<node_page>();
        node_page out;
        for (const auto& id : how->hears) {
          auto& one = out.nodes.emplace_back();
          one.id = id;
          one.heard_by = {how->name};
        }
        return out;
      },
      [](overview_atom) { return overview_answer{}; },
      [](watch_atom, const watcher_actor&) { return snapshot_update{}; },
      [](change_atom, const change_request&) { return overview_answer{}; },
      [](thaw_atom) { return false; },
      [](offer_atom, const policy_offer&) {},
      [](store_atom) {},
      [](more_atom) {},
      [how](step_atom) {
        for (auto& promise : std::exchange(how->owed, {}))
          promise.deliver(how->answer());
      },
  };
}

struct fixture : stage {
  fixture() {
    auto node = std::make_shared<node_context>();
    node->board = std::make_shared<status_board>(std::vector<std::string>{});
    board = node->board;
    subject = sys().spawn(locator, node_context_ptr(node));
  }
  ~fixture() {
    for (auto& how : scripts)
      how->owed.clear();
    caf::anon_send_exit(subject, caf::exit_reason::user_shutdown);
    for (auto& one : directories)
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    run();
  }
  std::shared_ptr<script> add() {
    auto how = scripts.emplace_back(std::make_shared<script>());
    directories.push_back(sys().spawn(scripted, how));
    caf::anon_send(subject, up_atom_v, directories.back());
    run();
    return how;
  }
  std::shared_ptr<outcome<enumerate_answer>> enumerate() {
    return ask<enumerate_answer>(subject, enumerate_atom_v, std::string("live/room1"));
  }
  void show_list(std::string algorithm = "rendezvous") {
    cluster::snapshot list;
    list.rules.algorithm = std::move(algorithm);
    cluster::relay_entry relay;
    relay.id = "r9";
    relay.trunk_address = "127.0.0.1:8500";
    list.relays = {relay};
    cluster::seal(list);
    board->set_list(std::make_shared<const cluster::snapshot>(list), 1);
  }
  std::shared_ptr<status_board> board;
  locator_actor subject;
  std::vector<directory_actor> directories;
  std::vector<std::shared_ptr<script>> scripts;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the first directory's `live` is the answer and nobody else is asked") {
  auto first = add();
  auto second = add();
  auto got = enumerate();
  REQUIRE(got->answer.has_value());
  CHECK(got->answer->found.live == liveness::live);
  CHECK(first->asked == 1);
  CHECK(second->asked == 0);
}

TEST_CASE_FIXTURE(fixture, "a silent directory costs a moment, then it is asked last") {
  auto first = add();
  auto second = add();
  first->silent = true;
  auto got = enumerate();
  CHECK(!got->answer.has_value());
  advance(milliseconds(50), milliseconds(10));
  REQUIRE(got->answer.has_value());
  CHECK(second->asked == 1);
  REQUIRE(enumerate()->answer.has_value());
  CHECK(first->asked == 1);
}

TEST_CASE_FIXTURE(fixture, "two silent directories cost two moments, and the third's `live` is the answer") {
  auto first = add();
  auto second = add();
  auto third = add();
  first->silent = second->silent = true;
  auto got = enumerate();
  advance(milliseconds(100), milliseconds(10));
  REQUIRE(got->answer.has_value());
  CHECK(got->answer->found.live == liveness::live);
  CHECK(third->asked == 1);
}

TEST_CASE_FIXTURE(fixture, "a directory that is only late is still heard") {
  auto first = add();
  auto second = add();
  first->silent = true;
  second->live = liveness::not_live;
  auto got = enumerate();
  advance(milliseconds(100), milliseconds(10));
  // A `not live` waits for the others' word within their limits.
  CHECK(!got->answer.has_value());
  CHECK(second->asked == 1);
  REQUIRE(first->owed.size() == 1);
  caf::anon_send(directories[0], step_atom_v);
  run();
  REQUIRE(got->answer.has_value());
  CHECK(got->answer->found.live == liveness::live);
  advance(milliseconds(200));
  CHECK(first->asked + second->asked == 2);
}

TEST_CASE_FIXTURE(fixture, "a `not live` waits no longer for silent directories than for their answers") {
  auto first = add();
  auto second = add();
  auto third = add();
  first->silent = third->silent = true;
  second->live = liveness::not_live;
  auto got = enumerate();
  advance(milliseconds(250), milliseconds(10));
  REQUIRE(got->answer.has_value());
  CHECK(got->answer->found.live == liveness::not_live);
}

TEST_CASE_FIXTURE(fixture, "`not live` needs a second directory's word, and `live` beats it") {
  auto first = add();
  auto second = add();
  auto third = add();
  first->live = liveness::not_live;
  second->live = liveness::not_live;
  CHECK(enumerate()->answer->found.live == liveness::not_live);
  CHECK(third->asked == 0);
  second->live = liveness::unknown;
  CHECK(enumerate()->answer->found.live == liveness::live);
  third->live = liveness::unknown;
  CHECK(enumerate()->answer->found.live == liveness::not_live);
}

TEST_CASE_FIXTURE(fixture, "without any directory the last list answers, marked stale") {
  CHECK(enumerate()->failure->code == errc::unavailable);
  show_list();
  auto got = enumerate();
  REQUIRE(got->answer.has_value());
  CHECK(got->answer->found.stale);
  CHECK(got->answer->found.live == liveness::unknown);
  CHECK(got->answer->found.order.at(0).id == "r9");
}

TEST_CASE_FIXTURE(fixture, "a directory that knows no relays yet is helped out by the merged list") {
  auto young = add();
  young->relays = 0;
  young->live = liveness::unknown;
  show_list();
  auto found = enumerate()->answer->found;
  CHECK(!found.stale);
  CHECK(found.order.at(0).id == "r9");
}

TEST_CASE_FIXTURE(fixture,
                  "a directory with another list than this node's says who is live, but does not rank") {
  show_list();
  auto young = add();
  young->relays = 3;
  auto got = enumerate();
  REQUIRE(got->answer.has_value());
  CHECK(got->answer->found.live == liveness::live);
  REQUIRE(got->answer->found.order.size() == 1);
  CHECK(got->answer->found.order[0].id == "r9");
  CHECK(!got->answer->found.stale);
}

TEST_CASE_FIXTURE(fixture, "a directory with this node's list leaves the ranks to it") {
  show_list();
  board->set_loads({{"r9", 5}});
  auto same = add();
  same->relays = 0;
  same->list = board->list()->digest;
  auto found = enumerate()->answer->found;
  CHECK(same->asked_with == board->list()->digest);
  CHECK(found.live == liveness::live);
  CHECK(!found.stale);
  REQUIRE(found.order.size() == 1);
  CHECK(found.order[0].id == "r9");
  CHECK(found.order[0].load == 5);
  CHECK(found.digest == same->list);
}

TEST_CASE_FIXTURE(fixture, "a node that lacks the algorithm in force goes by the directories' ranks") {
  show_list("of-tomorrow");
  auto newer = add();
  newer->relays = 3;
  for (bool same : {true, false}) {
    newer->list = same ? board->list()->digest : 1;
    auto found = enumerate()->answer->found;
    CHECK(newer->asked_with == 0);
    CHECK(found.order.size() == 3);
  }
}

TEST_CASE_FIXTURE(fixture, "a recall takes the newest epoch and waits for no silent directory") {
  auto first = add();
  auto second = add();
  auto third = add();
  first->last = epoch{7};
  second->last = epoch{9};
  third->silent = true;
  auto got = ask<recall_answer>(subject, recall_atom_v, std::string("live/room1"));
  CHECK(!got->answer.has_value());
  advance(milliseconds(250));
  REQUIRE(got->answer.has_value());
  CHECK(got->answer->known.last == epoch{9});
}

TEST_CASE_FIXTURE(fixture, "nodes are those that any directory hears, also when one does not answer") {
  auto nodes = [&] {
    auto got = ask<node_page>(subject, nodes_atom_v);
    advance(milliseconds(1100));
    return got;
  };
  CHECK(nodes()->failure->code == errc::unavailable);
  auto first = add();
  auto second = add();
  auto third = add();
  first->name = "d1";
  first->hears = {"d1", "r1"};
  second->name = "d2";
  second->hears = {"d2", "r1", "r2"};
  third->silent = true;
  auto all = nodes()->answer->nodes;
  REQUIRE(all.size() == 4);
  CHECK(all[2].id == "r1");
  CHECK(all[2].heard_by == std::vector<node_id>{"d1", "d2"});
  first->silent = second->silent = true;
  CHECK(nodes()->failure->code == errc::unavailable);
}
