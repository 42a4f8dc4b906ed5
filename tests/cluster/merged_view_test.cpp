#include "cluster/merged_view.hpp"
#include "cluster/policy.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;
using namespace std::chrono_literals;

namespace {

const merged_view::time_point start{1000s};

published_snapshot from(std::string directory, std::vector<relay_entry> relays, std::uint64_t counter = 1,
                        bool warming = false, std::uint64_t boot = 1) {
  return {{std::move(directory), boot, counter}, warming, list_of(std::move(relays))};
}

relay_entry booted(std::string id, std::uint64_t nonce, relay_state state = relay_state::ready) {
  auto out = relay(std::move(id), "", 1, state);
  out.boot_nonce = nonce;
  return out;
}

} // namespace

TEST_CASE("a view without any directory or saved list is empty and stale") {
  merged_view view;
  CHECK_FALSE(view.has_snapshot());
  CHECK(view.stale());
  CHECK(view.effective().relays.empty());
}

TEST_CASE("equal lists of several directories change the view once") {
  merged_view view;
  CHECK(*view.update(from("d1", {relay("a")}), start));
  CHECK_FALSE(*view.update(from("d2", {relay("a")}, 7), start));
  CHECK_FALSE(view.advance(start + 1s));
  CHECK(view.effective() == list_of({relay("a")}));
  CHECK_FALSE(view.stale());
}

TEST_CASE("a list whose algorithm this build lacks counts all the same, and its policy goes on to others") {
  auto told = from("d1", {relay("a"), relay("b")}, 2);
  told.list.rules.algorithm = "of-tomorrow";
  told.list.rules.version = 7;
  told.list.rules.changes = {{"algorithm", 7}};
  seal(told.list);
  merged_view view;
  CHECK(*view.update(from("d1", {relay("a")}), start));
  CHECK(*view.update(told, start));
  CHECK(view.effective() == told.list);
  CHECK(*view.update(from("d2", {relay("c")}), start));
  REQUIRE(view.policy_for("d2") != nullptr);
  CHECK(view.policy_for("d2")->algorithm == "of-tomorrow");
  auto saved = snapshot_from_json(to_json(told.list));
  REQUIRE(saved.has_value());
  CHECK(*saved == told.list);
  for (auto bad : {std::string(), std::string("two words"), std::string(65, 'a')}) {
    told.list.rules.algorithm = bad;
    seal(told.list);
    CHECK(view.update(told, start).error().code == errc::bad_argument);
  }
}

TEST_CASE("a relay is alive when any directory hears it") {
  merged_view view;
  REQUIRE(view.update(from("d1", {relay("a", "", 1, relay_state::suspect), relay("b")}), start).has_value());
  REQUIRE(view.update(from("d2", {relay("a")}), start).has_value());
  CHECK(view.effective() == list_of({relay("a"), relay("b")}));
}

TEST_CASE("the newer boot counts, unless only the other one is heard") {
  merged_view view;
  REQUIRE(view.update(from("d1", {booted("a", 2)}), start).has_value());
  REQUIRE(view.update(from("d2", {booted("a", 1)}), start).has_value());
  CHECK(view.effective().relays[0].boot_nonce == 2);
  REQUIRE(view.update(from("d1", {booted("a", 2, relay_state::suspect)}, 2), start).has_value());
  CHECK(view.effective().relays[0].boot_nonce == 1);
}

TEST_CASE("a relay drains when any directory that hears it says so") {
  merged_view view;
  REQUIRE(view.update(from("d1", {relay("a", "", 1, relay_state::draining)}), start).has_value());
  REQUIRE(view.update(from("d2", {relay("a")}), start).has_value());
  CHECK(view.effective().relays[0].state == relay_state::draining);
  CHECK(*view.update(from("d1", {relay("a")}, 2), start));
  CHECK(view.effective().relays[0].state == relay_state::ready);
}

TEST_CASE("an older revision of the same boot is refused and changes nothing") {
  merged_view view;
  REQUIRE(view.update(from("d1", {relay("a")}, 5), start).has_value());
  CHECK(view.update(from("d1", {}, 4), start).error().code == errc::stale);
  CHECK(view.effective().relays.size() == 1);
  CHECK(*view.update(from("d1", {}, 1, false, 2), start));
}

TEST_CASE("a snapshot that is not valid is refused, naming the directory") {
  merged_view view;
  auto broken = from("d1", {relay("a")});
  broken.list.digest ^= 1;
  auto refused = view.update(broken, start);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("d1") != std::string::npos);
  CHECK_FALSE(view.has_snapshot());
}

TEST_CASE("with all directories gone the last list stays, stale") {
  merged_view view;
  REQUIRE(view.update(from("d1", {relay("a")}), start).has_value());
  REQUIRE(view.update(from("d2", {relay("b")}), start).has_value());
  CHECK(view.lost("d2", start));
  CHECK(view.effective() == list_of({relay("a")}));
  CHECK_FALSE(view.lost("d1", start));
  CHECK(view.stale());
  CHECK(view.effective() == list_of({relay("a")}));
  CHECK_FALSE(view.advance(start + 1h));
}

TEST_CASE("a warming directory's smaller list replaces nothing within a lease period") {
  merged_view view;
  view.restore(list_of({relay("a"), relay("b"), relay("c")}));
  CHECK(view.stale());
  CHECK_FALSE(*view.update(from("d1", {}, 1, true), start));
  CHECK_FALSE(*view.update(from("d1", {relay("a")}, 2, true), start + 1s));
  CHECK(view.effective().relays.size() == 3);
  CHECK_FALSE(view.advance(start + 4999ms));
  CHECK(view.advance(start + 5s));
  CHECK(view.effective() == list_of({relay("a")}));
}

TEST_CASE("a relay that a warming directory listed and lists no more is gone at once") {
  merged_view view;
  view.restore(list_of({relay("a"), relay("b"), relay("c")}));
  REQUIRE(view.update(from("d1", {relay("a"), relay("b")}, 1, true), start).has_value());
  CHECK(view.effective() == list_of({relay("a"), relay("b"), relay("c")}));
  REQUIRE(view.update(from("d1", {relay("b")}, 2, true), start + 1s).has_value());
  CHECK(view.effective() == list_of({relay("b"), relay("c")}));
}

TEST_CASE("a warming directory still adds relays, and one that is not warming counts at once") {
  merged_view view;
  view.restore(list_of({relay("a")}));
  CHECK(*view.update(from("d1", {relay("b")}, 1, true), start));
  CHECK(view.effective() == list_of({relay("a"), relay("b")}));
  CHECK(*view.update(from("d2", {relay("c")}), start));
  CHECK(view.effective() == list_of({relay("b"), relay("c")}));
}

TEST_CASE("a directory that restarts is warming again, however long it was connected before") {
  merged_view view;
  REQUIRE(view.update(from("d1", {relay("a"), relay("b")}), start).has_value());
  CHECK_FALSE(*view.update(from("d1", {}, 1, true, 2), start + 60s));
  CHECK(view.effective().relays.size() == 2);
}

TEST_CASE("the number of directories is bounded") {
  merged_view view;
  for (std::size_t i = 0; i < merged_view::max_directories; ++i)
    REQUIRE(view.update(from(fmt::format("d{}", i), {}), start).has_value());
  CHECK(view.update(from("one-more", {}), start).error().code == errc::too_large);
}

TEST_CASE("a relay is ready when any directory has heard it long enough, and failing when any says so") {
  merged_view view;
  REQUIRE(view.update(from("d1", {relay("a", "", 1, relay_state::joining)}), start).has_value());
  CHECK(view.effective().relays[0].state == relay_state::joining);
  REQUIRE(view.update(from("d2", {relay("a")}), start).has_value());
  CHECK(view.effective().relays[0].state == relay_state::ready);
  REQUIRE(view.update(from("d3", {relay("a", "", 1, relay_state::failing)}), start).has_value());
  CHECK(view.effective().relays[0].state == relay_state::failing);
}

TEST_CASE("directories together call no more than a tenth failing: the one that most of them name") {
  merged_view view;
  auto failing = [](std::string id) { return relay(std::move(id), "", 1, relay_state::failing); };
  REQUIRE(view.update(from("d1", {failing("a"), relay("b")}), start).has_value());
  REQUIRE(view.update(from("d2", {relay("a"), failing("b")}), start).has_value());
  REQUIRE(view.update(from("d3", {relay("a"), failing("b")}), start).has_value());
  CHECK(view.effective().relays[0].state == relay_state::ready);
  CHECK(view.effective().relays[1].state == relay_state::failing);
}

TEST_CASE("the newest policy ever seen counts, and is offered to the directories that lack it") {
  auto older = *with_copies({}, 3, 5);
  auto newer = *with_drained(older, "a", true, 6);
  auto with = [](std::string directory, const policy& rules, std::uint64_t counter = 1) {
    auto out = from(std::move(directory), {relay("a")}, counter);
    out.list.rules = rules;
    seal(out.list);
    return out;
  };
  merged_view view;
  REQUIRE(view.update(with("d1", older), start).has_value());
  REQUIRE(view.update(with("d2", newer), start).has_value());
  CHECK(view.effective().rules == newer);
  REQUIRE(view.policy_for("d1") != nullptr);
  CHECK(*view.policy_for("d1") == newer);
  CHECK(view.policy_for("d2") == nullptr);
  CHECK(view.policy_for("d3") == nullptr);
  view.lost("d2", start);
  CHECK(view.effective().rules == newer);
  REQUIRE(view.update(with("d1", newer, 2), start).has_value());
  CHECK(view.policy_for("d1") == nullptr);
}

TEST_CASE("changes made at two directories at once both count, and each is offered the other's") {
  auto drained = *with_drained({}, "a", true, 6), heavy = *with_weight({}, "b", 3, 6);
  auto with = [](std::string directory, const policy& rules, std::uint64_t counter) {
    auto out = from(std::move(directory), {relay("a"), relay("b")}, counter);
    out.list.rules = rules;
    seal(out.list);
    return out;
  };
  merged_view view;
  REQUIRE(view.update(with("d1", drained, 1), start).has_value());
  REQUIRE(view.update(with("d2", heavy, 1), start).has_value());
  auto both = merged(drained, heavy);
  CHECK(view.effective().rules == both);
  for (auto directory : {"d1", "d2"}) {
    REQUIRE(view.policy_for(directory) != nullptr);
    CHECK(*view.policy_for(directory) == both);
  }
  REQUIRE(view.update(with("d1", merged(drained, *view.policy_for("d1")), 2), start).has_value());
  REQUIRE(view.update(with("d2", merged(heavy, *view.policy_for("d2")), 2), start).has_value());
  CHECK(view.policy_for("d1") == nullptr);
  CHECK(view.policy_for("d2") == nullptr);
  CHECK(view.effective().rules == both);
}

TEST_CASE("a saved policy is carried back to directories that forgot it") {
  auto decided = *with_copies({}, 3, 6);
  merged_view view;
  view.restore(list_of({relay("a")}, decided));
  CHECK(*view.update(from("d1", {relay("a"), relay("b")}), start));
  CHECK(view.effective().rules == decided);
  REQUIRE(view.policy_for("d1") != nullptr);
  CHECK(*view.policy_for("d1") == decided);
  merged_view fresh;
  fresh.restore(list_of({relay("a")}));
  REQUIRE(fresh.update(from("d1", {relay("a")}), start).has_value());
  CHECK(fresh.policy_for("d1") == nullptr);
}

TEST_CASE("loads are taken from a directory's present list only, and forgotten with their relays") {
  merged_view view;
  auto list = list_of({relay("a"), relay("b")});
  auto loads = pack_loads(list, {{"a", 3}, {"b", 15}});
  CHECK_FALSE(view.update_loads("d1", loads));
  REQUIRE(view.update(from("d1", {relay("a"), relay("b")}), start).has_value());
  CHECK(view.update_loads("d1", loads));
  CHECK(view.loads() == relay_loads{{"a", 3}, {"b", 15}});
  REQUIRE(view.update(from("d1", {relay("a")}, 2), start).has_value());
  CHECK(view.loads() == relay_loads{{"a", 3}});
  CHECK_FALSE(view.update_loads("d1", loads));
}

TEST_CASE("the store is lost when no connected directory has it") {
  merged_view view;
  CHECK_FALSE(view.store_lost());
  auto without = from("d1", {relay("a")});
  without.store_lost = true;
  REQUIRE(view.update(without, start).has_value());
  CHECK(view.store_lost());
  REQUIRE(view.update(from("d2", {relay("a")}), start).has_value());
  CHECK_FALSE(view.store_lost());
}
