#include "actors/locator.hpp"
#include "actors/node_agent.hpp"
#include "actors/support.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::actors;
using namespace sluice::actors::test;

namespace {

struct fixture : stage {
  fixture() {
    auto node = std::make_shared<node_context>();
    node->self.id = "e1";
    node->board = board;
    agent_config config;
    config.node = node;
    config.locator = find = sys().spawn(locator, node);
    agent = sys().spawn(node_agent, config);
    run();
  }
  ~fixture() {
    caf::anon_send_exit(agent, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(find, caf::exit_reason::user_shutdown);
    run();
  }

  /// A directory's list under `algorithm`.
  void hear(const std::string& algorithm) {
    snapshot_update update;
    update.published.at = {"d1", 1, ++counter};
    update.published.list.rules.algorithm = algorithm;
    cluster::seal(update.published.list);
    caf::anon_send(agent, update);
    run();
  }

  std::uint64_t counter = 0;
  std::shared_ptr<status_board> board = std::make_shared<status_board>(std::vector<std::string>{});
  locator_actor find;
  agent_actor agent;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a node goes by a list whose algorithm it lacks, and says that it lacks it") {
  CHECK_FALSE(board->read().algorithm_unknown);
  hear("rendezvous");
  CHECK_FALSE(board->read().algorithm_unknown);
  hear("of-tomorrow");
  REQUIRE(board->list());
  CHECK(board->list()->rules.algorithm == "of-tomorrow");
  CHECK(board->read().algorithm_unknown);
  hear("rendezvous");
  CHECK_FALSE(board->read().algorithm_unknown);
}
