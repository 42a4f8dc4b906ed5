#include "cluster/snapshot.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::test;

namespace {

snapshot sample() {
  return list_of({relay("r2", "east", 0.1, relay_state::draining), relay("r1", "", 1.5),
                  relay("r3", "west", 1.0 / 3, relay_state::suspect)});
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

} // namespace

TEST_CASE("the digest depends on every field and not on the order in which relays were added") {
  auto list = sample();
  CHECK(list_of({list.relays[2], list.relays[0], list.relays[1]}).digest == list.digest);
  auto differs = [&](auto change) {
    auto other = list;
    change(other);
    seal(other);
    CHECK(other.digest != list.digest);
  };
  differs([](snapshot& s) { s.rules.copies = 3; });
  differs([](snapshot& s) { s.rules.spread = 3; });
  differs([](snapshot& s) { s.rules.algorithm = "other"; });
  differs([](snapshot& s) { s.rules.version = 1; });
  differs([](snapshot& s) { s.rules.drained = {"r1"}; });
  differs([](snapshot& s) { s.rules.weights = {{"r1", 2}}; });
  differs([](snapshot& s) { s.rules.changes = {{"copies", 1}}; });
  differs([](snapshot& s) { s.relays[0].id = "r0"; });
  differs([](snapshot& s) { s.relays[0].boot_nonce = 2; });
  differs([](snapshot& s) { s.relays[0].trunk_address = "x:1"; });
  differs([](snapshot& s) { s.relays[0].zone = "x"; });
  differs([](snapshot& s) { s.relays[0].weight = 2; });
  differs([](snapshot& s) { s.relays[0].state = relay_state::suspect; });
  differs([](snapshot& s) { s.relays.pop_back(); });
}

TEST_CASE("texts cannot run into one another in the canonical form") {
  auto a = relay("r1", "b"), b = relay("r1", "");
  a.trunk_address = "a:1";
  b.trunk_address = "a:1b";
  CHECK(list_of({a}).digest != list_of({b}).digest);
}

TEST_CASE("the digest of a fixed snapshot is the same on every machine and in every release") {
  CHECK(sample().digest == 0xb6aa6070465633c3);
}

TEST_CASE("a snapshot survives its JSON text to the last bit") {
  auto decided = sample();
  decided.rules.version = max_policy_version;
  decided.rules.drained = {"away", "r1"};
  decided.rules.weights = {{"r1", 0.1}, {"r2", 1.0 / 3}};
  decided.rules.changes = {{"copies", 1}, {"drain/r1", max_policy_version}, {"weight/r9", 7}};
  seal(decided);
  for (auto& list : {sample(), list_of({}), numbered(300), decided}) {
    auto read = snapshot_from_json(to_json(list));
    REQUIRE_MESSAGE(read.has_value(), read.error().message);
    CHECK(*read == list);
  }
  auto extreme = list_of({relay("r", "", 0.1 + 0.2)});
  extreme.relays[0].boot_nonce = UINT64_MAX;
  seal(extreme);
  CHECK(*snapshot_from_json(to_json(extreme)) == extreme);
}

TEST_CASE("a JSON text cut at any byte is refused") {
  auto text = to_json(sample());
  for (std::size_t n = 0; n < text.size(); ++n)
    CHECK(snapshot_from_json(std::string_view(text).substr(0, n)).has_error());
}

TEST_CASE("a saved snapshot with a missing, wrong or changed field names it") {
  auto text = to_json(sample());
  auto message = [](const std::string& json) {
    auto read = snapshot_from_json(json);
    REQUIRE(read.has_error());
    return read.error().message;
  };
  auto names = [&](const std::string& json, std::string_view what) {
    auto said = message(json);
    CHECK_MESSAGE(said.find(what) != std::string::npos, said);
  };
  names(replaced(text, "\"zone\"", "\"z\""), "no 'zone'");
  names(replaced(text, "\"copies\":2", "\"copies\":\"2\""), "'copies'");
  names(replaced(text, "\"copies\":2", "\"copies\":-2"), "'copies'");
  names(replaced(text, "\"copies\":2", "\"copies\":17"), "copies 17");
  names(replaced(text, "\"copies\":2", "\"copies\":3"), "digest");
  names(replaced(text, "\"version\":0", "\"version\":-1"), "'version'");
  names(replaced(text, "\"drained\":[]", "\"drained\":[7]"), "'drained'");
  names(replaced(text, "\"drained\":[]", "\"drained\":{}"), "'drained'");
  names(replaced(text, "\"drained\":[]", "\"drained\":[\"a b\"]"), "drained");
  names(replaced(text, "\"weights\":[]", "\"weights\":[{}]"), "policy: weights[0] has no 'id'");
  names(replaced(text, "\"weights\":[]", "\"weights\":[{\"id\":\"r\",\"weight\":\"0\"}]"), "weights: r");
  names(replaced(text, "\"weight\":\"1.5\"", "\"weight\":\"many\""), "'weight'");
  names(replaced(text, "\"weight\":\"1.5\"", "\"weight\":\"nan\""), "weight");
  names(replaced(text, "\"weight\":\"1.5\"", "\"weight\":\"-1\""), "weight -1");
  names(replaced(text, "\"draining\"", "\"dancing\""), "'state'");
  names(replaced(text, "\"format\":1", "\"format\":2"), "'format'");
  names(replaced(text, "r1.example:8500", "r1.example"), "trunk_address");
  names(replaced(text, "\"r2\"", "\"r0\""), "ascend");
  names("[]", "not an object");
  names("{\"format\":1,\"digest\":1,\"policy\":{},\"relays\":[]}", "policy has no");
  names("{\"format\":1,\"digest\":1,\"policy\":{},\"relays\":{}}", "'relays' is not a list");
  names("nonsense", "not JSON");
}

TEST_CASE("more relays than the limit are refused by their number") {
  auto list = numbered(static_cast<int>(max_relays) + 1);
  CHECK(validate(list).error().code == errc::too_large);
  CHECK(snapshot_from_json(to_json(list)).error().code == errc::too_large);
  CHECK(snapshot_from_json(std::string(max_snapshot_json + 1, ' ')).error().code == errc::too_large);
}

TEST_CASE("fields are checked against what other nodes can use") {
  CHECK(check_address("trunk_address", "relay-1.example:8500").has_value());
  CHECK(check_address("trunk_address", "[::1]:8500").has_value());
  for (auto bad : {"", ":8500", "host", "host:0", "host:70000", "ho st:1", "::1:8500"})
    CHECK_MESSAGE(check_address("trunk_address", bad).has_error(), bad);
  CHECK(check_address("trunk_address", std::string(300, 'a') + ":1").has_error());
  CHECK(check_zone("").has_value());
  CHECK(check_zone("east/1").has_error());
  for (double bad : {0.0, -1.0, 1e9})
    CHECK(check_weight(bad).has_error());
  policy rules;
  rules.copies = 0;
  CHECK(check_policy(rules).has_error());
}
