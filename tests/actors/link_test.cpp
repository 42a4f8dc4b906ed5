#include "actors/directory_link.hpp"
#include "actors/support.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::actors;
using namespace sluice::actors::test;
using std::chrono::milliseconds;

namespace {

/// What a directory was asked, and what it does about heartbeats.
struct record {
  bool forgetful = false; ///< heartbeats are refused until the node registers again
  bool registering = true;
  bool draining = false; ///< as the last heartbeat said
  int registered = 0, beats = 0;
  std::vector<cluster::lost_stream> lost; ///< told with each heartbeat
  std::vector<std::string> said;
};

directory_actor::behavior_type recording(directory_actor::pointer, std::shared_ptr<record> log) {
  return {
      [log](register_atom, const register_request&) -> caf::result<register_answer> {
        ++log->registered;
        if (!log->registering) return to_caf({errc::unavailable, "full"});
        log->forgetful = false;
        return register_answer{};
      },
      [log](heartbeat_atom, const heartbeat_request& r) -> caf::result<heartbeat_answer> {
        ++log->beats;
        log->draining = r.beat.draining;
        if (log->forgetful) return to_caf({errc::not_found, "no lease"});
        heartbeat_answer answer;
        answer.lost = log->lost;
        return answer;
      },
      [log](leave_atom, const leave_request& r) { log->said.push_back("leave " + r.id); },
      [log](announce_atom, const announce_request& r) { log->said.push_back("announce " + r.stream.key); },
      [log](withdraw_atom, const withdraw_request& r) { log->said.push_back("withdraw " + r.key); },
      [](enumerate_atom, const stream_query&) { return enumerate_answer{}; },
      [](recall_atom, const stream_query&) { return recall_answer{}; },
      [](streams_atom, const page_query&) { return stream_page{}; },
      [](nodes_atom, const page_query&) { return node_page{}; },
      [](overview_atom) { return overview_answer{}; },
      [](watch_atom, const watcher_actor&) { return snapshot_update{}; },
      [](change_atom, const change_request&) { return overview_answer{}; },
      [](thaw_atom) { return false; },
      [](offer_atom, const policy_offer&) {},
      [](store_atom) {},
      [](more_atom) {},
      [](step_atom) {},
  };
}

agent_actor::behavior_type listening(agent_actor::pointer, std::shared_ptr<std::vector<std::string>> heard) {
  return {
      [heard](up_atom, const directory_actor&, const snapshot_update&) { heard->push_back("up"); },
      [heard](const snapshot_update&) { heard->push_back("list"); },
      [](const load_update&) {},
      [heard](down_atom, const directory_actor&, const std::string&) { heard->push_back("down"); },
      [](step_atom) {},
      [](announce_atom, const announce_request&) {},
      [](withdraw_atom, const withdraw_request&) {},
      [](drain_atom, bool) {},
      [](leave_atom) { return true; },
  };
}

using words = std::vector<std::string>;

/// The data plane, as far as a link speaks to it.
class told_data final : public plane::data {
public:
  void snapshot_changed(std::uint64_t) override {}
  [[nodiscard]] cluster::load_report load() const override { return {}; }
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> timestamps() const override { return {}; }
  void loads_changed(const cluster::relay_loads&) override {}
  [[nodiscard]] std::vector<node_id> failing() const override { return {}; }
  void stream_lost(const stream_key& key, epoch newest) override {
    lost.push_back(fmt::format("{} to {}", key.str(), newest.value));
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> pulls() const override { return {}; }

  words lost;
};

struct fixture : stage {
  fixture() {
    auto node = std::make_shared<node_context>();
    node->data = &data;
    node->self.id = "o1";
    node->board = std::make_shared<status_board>(words{"d1:7700"});
    board = node->board;
    door = sys().spawn(recording, log);
    link_config config;
    config.node = node;
    config.address = "d1:7700";
    config.local = door;
    config.agent = agent = sys().spawn(listening, heard);
    link = sys().spawn(directory_link, config);
    run();
  }
  ~fixture() {
    caf::anon_send_exit(link, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(agent, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
    run();
  }
  void announce(const std::string& key) {
    announce_request request;
    request.stream.key = key;
    request.stream.log_epoch = epoch{5};
    caf::anon_send(link, announce_atom_v, request);
    run();
  }
  void withdraw(const std::string& key, std::uint64_t value) {
    withdraw_request request;
    request.key = key;
    request.log_epoch = epoch{value};
    caf::anon_send(link, withdraw_atom_v, request);
    run();
  }
  bool connected() const { return board->read().directories[0].connected; }

  told_data data;
  std::shared_ptr<record> log = std::make_shared<record>();
  std::shared_ptr<words> heard = std::make_shared<words>();
  std::shared_ptr<status_board> board;
  directory_actor door;
  agent_actor agent;
  link_actor link;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a link registers, watches and beats once a second") {
  CHECK(connected());
  CHECK(*heard == words{"up"});
  advance(milliseconds(10'000));
  CHECK(log->registered == 1);
  CHECK(log->beats >= 9);
  CHECK(log->beats <= 12);
}

TEST_CASE_FIXTURE(fixture, "an origin whose stream another one claims hears of it within two heartbeats") {
  announce("live/a");
  log->lost = {{"live/a", epoch{9}}, {"not a key", epoch{9}}};
  advance(milliseconds(2200));
  REQUIRE_FALSE(data.lost.empty());
  CHECK(data.lost.front() == "live/a to 9");
  auto before = data.lost.size();
  log->lost.clear();
  advance(milliseconds(5000));
  CHECK(data.lost.size() <= before + 1);
}

TEST_CASE_FIXTURE(fixture, "a directory that forgot the node is told everything again at once") {
  announce("live/a");
  announce("live/b");
  log->said.clear();
  log->forgetful = true;
  advance(milliseconds(2200));
  CHECK(log->registered == 2);
  CHECK(connected());
  CHECK(log->said == words{"announce live/a", "announce live/b"});
  CHECK(*heard == words{"up", "down", "up"});
  auto before = log->beats;
  advance(milliseconds(5000));
  CHECK(log->beats - before <= 6);
}

TEST_CASE_FIXTURE(
    fixture, "a withdrawal while the directory is lost is made up for, but not when the stream is back") {
  announce("live/a");
  announce("live/b");
  log->forgetful = true;
  log->registering = false;
  advance(milliseconds(1200));
  REQUIRE(!connected());
  withdraw("live/a", 5);
  withdraw("live/b", 5);
  announce("live/b");
  log->said.clear();
  log->registering = true;
  advance(milliseconds(3000));
  CHECK(log->said == words{"withdraw live/a", "announce live/b"});
}

TEST_CASE_FIXTURE(fixture, "a withdrawal of an older log is ignored") {
  announce("live/a");
  log->said.clear();
  withdraw("live/a", 4);
  CHECK(log->said.empty());
  withdraw("live/a", 5);
  CHECK(log->said == words{"withdraw live/a"});
}

TEST_CASE_FIXTURE(fixture, "a refused registration is tried again with growing pauses") {
  log->forgetful = true;
  log->registering = false;
  advance(milliseconds(1200));
  auto before = log->registered;
  advance(milliseconds(10'000));
  CHECK(log->registered - before >= 5);
  CHECK(log->registered - before <= 20);
  CHECK(board->read().directories[0].problem == "registering: full");
}

TEST_CASE_FIXTURE(fixture, "a node that starts to leave says so at once") {
  auto before = log->beats;
  caf::anon_send(link, drain_atom_v, true);
  run();
  CHECK(log->beats == before + 1);
  CHECK(log->draining);
}

TEST_CASE_FIXTURE(fixture, "leaving ends the lease in order") {
  auto left = ask<bool>(link, leave_atom_v);
  REQUIRE(left->answer.has_value());
  CHECK(*left->answer);
  CHECK(log->said == words{"leave o1"});
}
