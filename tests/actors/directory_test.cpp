#include "actors/directory.hpp"
#include "actors/support.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::actors;
using namespace sluice::actors::test;
using std::chrono::milliseconds;

namespace {

directory_config config() {
  directory_config out;
  out.options.id = "d1";
  out.options.boot_nonce = 5;
  return out;
}

register_request relay(const std::string& id) {
  register_request out;
  out.node.id = id;
  out.node.boot_nonce = 7;
  out.node.trunk_address = "127.0.0.1:8500";
  return out;
}

heartbeat_request beat(const std::string& id) {
  heartbeat_request out;
  out.beat.id = id;
  out.beat.boot_nonce = 7;
  return out;
}

struct fixture : stage {
  fixture() : door(sys().spawn(directory, config())) { run(); }
  ~fixture() {
    caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
    for (auto& one : watchers)
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    run();
  }
  std::shared_ptr<std::vector<snapshot_update>> watch() {
    using updates = std::shared_ptr<std::vector<snapshot_update>>;
    auto heard = std::make_shared<std::vector<snapshot_update>>();
    auto listen = [](watcher_actor::pointer, const updates& to) -> watcher_actor::behavior_type {
      return {[to](const snapshot_update& update) { to->push_back(update); }, [](const load_update&) {}};
    };
    auto self = sys().spawn(listen, heard);
    watchers.push_back(self);
    auto first = ask<snapshot_update>(door, watch_atom_v, self);
    REQUIRE(first->answer.has_value());
    heard->push_back(*first->answer);
    return heard;
  }
  directory_actor door;
  std::vector<watcher_actor> watchers;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a watcher hears of a new relay, of its silence and of its end") {
  auto heard = watch();
  CHECK(heard->back().published.list.relays.empty());
  auto entered = ask<register_answer>(door, register_atom_v, relay("r1"));
  REQUIRE(entered->answer.has_value());
  CHECK(entered->answer->directory == "d1");
  CHECK(entered->answer->warming);
  advance(milliseconds(200));
  REQUIRE(heard->back().published.list.relays.size() == 1);
  CHECK(heard->back().published.list.relays[0].state == cluster::relay_state::ready);
  advance(milliseconds(3300));
  CHECK(heard->back().published.list.relays[0].state == cluster::relay_state::suspect);
  advance(milliseconds(2000));
  CHECK(heard->back().published.list.relays.empty());
  CHECK(!heard->back().published.warming);
}

TEST_CASE_FIXTURE(fixture, "heartbeats keep a lease; one without a lease is told to register") {
  auto heard = watch();
  ask<register_answer>(door, register_atom_v, relay("r1"));
  for (int second = 0; second < 12; ++second) {
    advance(milliseconds(1000));
    ask<heartbeat_answer>(door, heartbeat_atom_v, beat("r1"));
  }
  REQUIRE(heard->back().published.list.relays.size() == 1);
  auto stranger = ask<heartbeat_answer>(door, heartbeat_atom_v, beat("r2"));
  REQUIRE(stranger->failure.has_value());
  CHECK(stranger->failure->code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "a burst of registrations is one push") {
  auto heard = watch();
  auto before = heard->size();
  for (int i = 0; i < 50; ++i)
    ask<register_answer>(door, register_atom_v, relay("r" + std::to_string(i)));
  advance(milliseconds(150));
  CHECK(heard->size() == before + 1);
  CHECK(heard->back().published.list.relays.size() == 50);
}

TEST_CASE_FIXTURE(fixture, "a bad registration and a bad key are refused with the reason") {
  auto bad = relay("not a node id");
  auto refused = ask<register_answer>(door, register_atom_v, bad);
  REQUIRE(refused->failure.has_value());
  CHECK(refused->failure->code == errc::bad_argument);
  CHECK(refused->failure->message.find("node id") != std::string::npos);
  stream_query query;
  query.key = "no-slash";
  CHECK(ask<enumerate_answer>(door, enumerate_atom_v, query)->failure->code == errc::bad_argument);
  CHECK(ask<recall_answer>(door, recall_atom_v, query)->failure->code == errc::bad_argument);
}

TEST_CASE_FIXTURE(fixture, "a long list comes in pages that together hold every node once") {
  constexpr std::size_t count = 450;
  for (std::size_t i = 0; i < count; ++i) {
    auto large = relay("node-" + std::to_string(i));
    large.node.public_url = std::string(cluster::max_url, 'u');
    ask<register_answer>(door, register_atom_v, large);
  }
  std::vector<std::string> ids;
  std::size_t pages = 0;
  for (page_query query;; ++pages) {
    auto page = ask<node_page>(door, nodes_atom_v, query);
    REQUIRE(page->answer.has_value());
    for (const auto& one : page->answer->nodes)
      ids.push_back(one.id);
    if (!page->answer->more) break;
    query.after = ids.back();
  }
  CHECK(pages > 0);
  CHECK(ids.size() == count);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  stream_query query;
  query.key = "live/room1";
  auto found = ask<enumerate_answer>(door, enumerate_atom_v, query)->answer->found;
  CHECK(found.order.size() == max_answer_ranks);
  query.list = found.digest;
  auto same_list = ask<enumerate_answer>(door, enumerate_atom_v, query)->answer->found;
  CHECK(same_list.head.empty());
  CHECK(same_list.order.empty());
  CHECK(same_list.digest == found.digest);
  CHECK(same_list.spread == found.spread);
  query.list = found.digest + 1;
  CHECK(ask<enumerate_answer>(door, enumerate_atom_v, query)->answer->found.order.size() == max_answer_ranks);
}
