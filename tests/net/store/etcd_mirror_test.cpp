#include "net/store/etcd_mirror.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>

using namespace sluice;
using namespace sluice::net::etcd;

namespace {

cluster::relay_entry relay(std::string id, std::uint64_t boot = 1, double weight = 1) {
  cluster::relay_entry out;
  out.id = std::move(id);
  out.boot_nonce = boot;
  out.trunk_address = "[::1]:8500";
  out.weight = weight;
  out.state = cluster::relay_state::draining;
  return out;
}

const store_keys keys("/sluice", "c1");

key_value stored(const cluster::relay_entry& entry, std::string_view directory, std::uint64_t at) {
  return {keys.relay(entry.id, directory), value_of(entry), at, 0};
}

cluster::policy rules(std::uint64_t version) {
  cluster::policy out;
  out.version = version;
  out.copies = 4;
  out.spread = 5;
  out.drained = {"r1", "r2"};
  out.weights = {{"r1", 0.1}, {"r3", 1.0 / 3}};
  if (version > 0) out.changes = {{"copies", version}, {"drain/r1", version}};
  return out;
}

std::string complaint(const std::string& text) {
  auto read = policy_from_json(text);
  REQUIRE_FALSE(read.has_value());
  return read.error().message;
}

} // namespace

TEST_CASE("relays and policies survive being written and read") {
  auto entry = relay("r1", UINT64_MAX, 1.0 / 3);
  entry.zone = "east";
  CHECK(relay_from_json(value_of(entry)).value() == entry);
  CHECK(policy_from_json(value_of(rules(7))).value() == rules(7));
  CHECK(policy_from_json(value_of(cluster::policy{})).value() == cluster::policy{});
}

TEST_CASE("a relay in any state there is can be kept") {
  auto entry = relay("r1");
  for (std::uint8_t i = 1; i < 16; ++i) {
    entry.state = static_cast<cluster::relay_state>(i);
    bool known = cluster::name(entry.state) != cluster::name(static_cast<cluster::relay_state>(0));
    auto read = relay_from_json(value_of(entry));
    CHECK(read.has_value() == known);
    if (read) CHECK(*read == entry);
  }
}

TEST_CASE("a stored relay that is wrong is named, unknown fields are passed over") {
  auto good = value_of(relay("r1"));
  for (std::size_t n = 0; n < good.size(); ++n)
    CHECK_FALSE(relay_from_json(std::string_view(good).substr(0, n)).has_value());
  auto newer = good;
  newer.insert(1, R"("mood":["fine"],)");
  CHECK(relay_from_json(newer).has_value());
  CHECK(relay_from_json("{}").error().message == "relay has no 'id'");
}

TEST_CASE("a stored policy that is wrong is named") {
  auto with = [](std::string_view field, std::string_view value) {
    auto root = boost::json::parse(value_of(cluster::policy{})).as_object();
    root["version"] = 1;
    root[field] = boost::json::parse(value);
    return complaint(boost::json::serialize(root));
  };
  CHECK(with("copies", "0") == "policy: copies 0 is not within 1 and 16");
  CHECK(with("drained", "[7]") == "policy: 'drained' is not a list of node ids");
  CHECK(with("drained", R"(["a/b"])") ==
        "policy: drained: 'a/b' is not a node id: 1 to 64 letters, digits, . _ -");
  CHECK(with("weights", R"([{"id":"a","weight":"1"},{"id":"a","weight":"2"}])") ==
        "policy: weights: 'a' after 'a'; ids ascend, none twice");
  CHECK(with("weights", R"([{"id":"a","weight":"0"}])") ==
        "policy: weights: a: weight 0 is not within 0.001 and 1000");
  CHECK(with("weights", R"([{"id":"a","weight":1}])") == "policy: weights[0]: 'weight' is not a text");
  CHECK(with("changes", R"([{"what":"colour","version":1}])") ==
        "policy: changes: 'colour' is nothing that a policy decides");
  boost::json::array many(cluster::max_policy_nodes + 1, "a");
  CHECK(with("drained", boost::json::serialize(many)) == "policy: 'drained' has 1001 entries; at most 1000");
  CHECK(complaint("{}") == "policy has no 'copies'");
}

TEST_CASE("the lists of a stored policy may come in any order") {
  auto known = rules(7), shuffled = known;
  std::reverse(shuffled.drained.begin(), shuffled.drained.end());
  std::reverse(shuffled.weights.begin(), shuffled.weights.end());
  std::reverse(shuffled.changes.begin(), shuffled.changes.end());
  REQUIRE(shuffled != known);
  CHECK(policy_from_json(value_of(shuffled)).value() == known);
}

TEST_CASE("a relay is listed once: the newest boot, of one boot the latest word") {
  mirror known(keys);
  CHECK(known.put(stored(relay("r1", 5, 1), "d1", 10)).has_value());
  CHECK(known.put(stored(relay("r1", 6, 2), "d2", 11)).has_value());
  CHECK(known.put(stored(relay("r1", 5, 3), "d1", 12)).has_value());
  CHECK(known.put(stored(relay("r1-x", 1), "d1", 13)).has_value());
  CHECK(known.put(stored(relay("r0", 1), "d1", 14)).has_value());
  auto now = known.contents();
  REQUIRE(now.relays.size() == 3);
  CHECK(now.relays[0].id == "r0");
  CHECK(now.relays[1].weight == 2);
  CHECK(now.relays[2].id == "r1-x");
  CHECK(now.revision == 14);
  known.erase({keys.relay("r1", "d2"), "", 15, 0});
  CHECK(known.contents().relays[1].weight == 3);
  CHECK(known.contents().revision == 15);
}

TEST_CASE("news that are older than what is known are passed over") {
  mirror known(keys);
  CHECK(known.put(stored(relay("r1", 5, 2), "d1", 10)).has_value());
  CHECK(known.put(stored(relay("r1", 5, 1), "d1", 9)).has_value());
  known.erase({keys.relay("r1", "d1"), "", 8, 0});
  CHECK(known.contents().relays.at(0).weight == 2);
}

TEST_CASE("the last good policy stays while the stored one cannot be read, and goes when it is erased") {
  mirror known(keys);
  CHECK(known.put({keys.policy(), value_of(rules(7)), 3, 0}).has_value());
  CHECK_FALSE(known.put({keys.policy(), "{}", 4, 0}).has_value());
  CHECK(known.contents().rules == rules(7));
  known.clear(4);
  CHECK(known.contents().rules == cluster::policy{});
  CHECK_FALSE(known.put({keys.policy(), "{}", 4, 0}).has_value());
  CHECK(known.contents().rules == rules(7));
  known.erase({keys.policy(), "", 5, 0});
  CHECK(known.contents().rules == cluster::policy{});
}

TEST_CASE("the revision goes back only with a store that is not the one it was") {
  mirror known(keys);
  CHECK(known.put(stored(relay("r1"), "d1", 10)).has_value());
  known.clear(12);
  CHECK(known.revision() == 10);
  known.clear(4);
  CHECK(known.revision() == 0);
}

TEST_CASE("keys that are not Sluice's are known of, and count for nothing") {
  mirror known(keys);
  for (const auto* key :
       {"/sluice/c1/relays/r1", "/sluice/c1/relays/r1/d1/x", "/sluice/c1/relays//d1", "/sluice/c1/other"})
    CHECK_FALSE(known.put({key, value_of(relay("r1")), 1, 0}).has_value());
  CHECK_FALSE(known.put({keys.relay("r2", "d1"), value_of(relay("r1")), 1, 0}).has_value());
  CHECK(known.size() == 5);
  CHECK(known.contents().relays.empty());
}
