#include "net/support/live_log.hpp"
#include "net/support/scripted_relay.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

using namespace sluice;
using namespace sluice::net;
using namespace sluice::test;

namespace {

node_options relay_options() {
  node_options out;
  out.pulls.relay = true;
  return out;
}

/// What an origin says and sends by hand, from `first` on.
struct scripted_origin {
  scripted_origin(const std::string& address, std::uint64_t first, std::uint64_t head) : client(address) {
    client.upgrade("/trunk/publish/live/room1");
    REQUIRE_FALSE(client.wait_for("challenge").empty());
    trunk::hello said;
    said.who = trunk::introduce({"test", "o", "secret"}, trunk::side::client, {}, client.challenge());
    trunk::log_state log;
    log.log_epoch = epoch{100};
    log.first = first;
    log.head = head;
    log.path = {"o"};
    log.present = {true, true};
    said.log = log;
    client.send_frame(*trunk::encode(said));
    REQUIRE_FALSE(client.wait_for("\"from\"").empty());
  }
  void bytes(const byte_buffer& tags) { client.send_frame(as_text(tags), true); }

  raw_client client;
};

} // namespace

TEST_CASE("an origin pushes to the head and an edge pulls from there") {
  for (std::size_t workers : {1, 2}) {
    auto options = relay_options();
    options.workers = workers;
    node origin("o", {.workers = workers}), relay("r", options), edge("e", {.workers = workers});
    relay.pull();
    edge.pull();
    auto found = order({relay.serve()});
    for (auto* n : {&origin, &relay, &edge}) {
      n->directory.answer(found);
      n->start();
    }
    live_log log(origin, 20);
    REQUIRE(eventually([&] { return relay.status().head == log.head(); }));
    CHECK(relay.status().feeder_kind == "push");
    CHECK(relay.status().upstream == "o");
    auto watch = edge.watch();
    REQUIRE(watch.has_value());
    log.more(20);
    REQUIRE(eventually([&] { return (*watch)->reaches(log.head()); }));
    CHECK((*watch)->seen().bytes == log.sent());
    CHECK((*watch)->seen().path == std::vector<node_id>{"o", "r", "e"});
    CHECK(relay.count(&trunk_counters::pulls_started) == 0);
    origin.finish(stream::end_reason::ended);
    CHECK(eventually([&] { return (*watch)->seen().end == stream::end_reason::ended; }));
  }
}

TEST_CASE("a relay asked before the push comes holds the request and is fed by the push") {
  node origin("o"), relay("r", relay_options()), edge("e");
  relay.pull();
  edge.pull();
  auto found = order({relay.serve()}, 1);
  for (auto* n : {&origin, &relay, &edge}) {
    n->directory.answer(found);
    n->start();
  }
  std::optional<live_log> log;
  std::thread later([&] {
    REQUIRE(eventually([&] { return relay.status().feeder_kind == "pull"; }));
    log.emplace(origin, 5);
  });
  auto watch = edge.watch();
  later.join();
  REQUIRE(watch.has_value());
  CHECK(eventually([&] { return (*watch)->reaches(log->head()); }));
  CHECK(relay.status().feeder_kind == "push");
}

TEST_CASE("a head relay without the stream answers not_here after the hold") {
  node relay("r", relay_options()), edge("e");
  relay.pull();
  edge.pull();
  auto found = order({relay.serve()}, 1);
  found.live = cluster::liveness::unknown;
  for (auto* n : {&relay, &edge}) {
    n->directory.answer(found);
    n->start();
  }
  auto watch = edge.watch();
  REQUIRE_FALSE(watch.has_value());
  CHECK(watch.error().code == errc::not_live);
  CHECK(relay.status().feeder_kind.empty() == false);
}

TEST_CASE("a push that races a pull loses and doubles nothing") {
  // The relay r pulls from the other head relay first, then the origin's push arrives.
  node origin("o"), other("s", relay_options()), relay("r", relay_options());
  other.pull();
  relay.pull();
  auto entry_s = other.serve();
  auto entry_r = relay.serve();
  origin.directory.answer(order({entry_s}, 1));
  auto both = order({entry_s, entry_r}, 2);
  other.directory.answer(both);
  relay.directory.answer(both);
  for (auto* n : {&origin, &other, &relay})
    n->start();
  live_log log(origin, 10);
  REQUIRE(eventually([&] { return other.status().head == log.head(); }));
  auto watch = relay.watch();
  REQUIRE(watch.has_value());
  CHECK(relay.status().feeder_kind == "pull");
  origin.directory.answer(both);
  origin.pushes->snapshot_changed();
  REQUIRE(eventually([&] {
    log.more();
    return relay.status().feeder_kind == "push";
  }));
  log.more(10);
  REQUIRE(eventually([&] { return (*watch)->reaches(log.head()); }));
  CHECK((*watch)->seen().bytes == log.sent());
  CHECK((*watch)->seen().path == std::vector<node_id>{"o", "r"});
}

TEST_CASE("a relay that lost its push goes on from another head relay") {
  node origin("o"), other("s", relay_options()), relay("r", relay_options());
  other.pull();
  relay.pull();
  auto both = order({other.serve(), relay.serve()}, 2);
  for (auto* n : {&origin, &other, &relay}) {
    n->directory.answer(both);
    n->start();
  }
  live_log log(origin, 10);
  REQUIRE(eventually([&] { return relay.status().head == log.head() && other.status().head == log.head(); }));
  auto watch = relay.watch();
  REQUIRE(watch.has_value());
  // The origin pushes no more to r.
  origin.directory.answer(order({both.order[0]}, 1));
  origin.pushes->snapshot_changed();
  REQUIRE(eventually([&] {
    log.more();
    return relay.status().feeder_kind == "pull" && relay.status().upstream == "s";
  }));
  log.more(10);
  REQUIRE(eventually([&] { return (*watch)->reaches(log.head()); }));
  CHECK((*watch)->seen().bytes == log.sent());
  CHECK((*watch)->seen().path == std::vector<node_id>{"o", "s", "r"});
}

TEST_CASE("a relay that restarts is pushed to again") {
  node origin("o");
  auto relay = std::make_unique<node>("r", relay_options());
  auto entry = relay->serve();
  origin.directory.answer(order({entry}, 1));
  relay->start();
  origin.start();
  live_log log(origin, 10);
  REQUIRE(eventually([&] { return relay->status().head == log.head(); }));
  relay->stop();
  relay = std::make_unique<node>("r", relay_options());
  auto again = relay->serve();
  relay->start();
  origin.directory.answer(order({again}, 1));
  origin.pushes->snapshot_changed();
  REQUIRE(eventually([&] { return relay->status().head == log.head(); }));
  CHECK(relay->status().first == 0);
}

TEST_CASE("a relay of the head that is gone has the next of the order stand in, and gets the push back") {
  node_options settings;
  settings.pushes.stand_in_after = 300ms;
  node origin("o", settings);
  auto first = std::make_unique<node>("r1", relay_options());
  node second("r2", relay_options());
  auto listed_first = first->serve(), listed_second = second.serve();
  origin.directory.answer(order({listed_first, listed_second}, 1));
  second.start();
  first->start();
  origin.start();
  live_log log(origin, 10);
  REQUIRE(eventually([&] { return first->status().head == log.head(); }));
  CHECK_FALSE(second.status().live);
  first->stop();
  REQUIRE(eventually([&] { return second.status().head == log.head(); }));
  first = std::make_unique<node>("r1", relay_options());
  listed_first = first->serve();
  first->start();
  origin.directory.answer(order({listed_first, listed_second}, 1));
  origin.pushes->snapshot_changed();
  REQUIRE(eventually([&] { return first->status().head == log.head(); }));
  CHECK(eventually([&] { return second.status().upstream != "o"; }));
}

TEST_CASE("a relay that takes the push and then freezes is dialled again") {
  scripted_relay frozen("f");
  node origin("o");
  auto entry = frozen.serve([](trunk::link& to, const trunk::introduction& own) {
    trunk::hello said;
    said.who = own;
    said.from = 0;
    to.send(said);
  });
  origin.directory.answer(order({entry}, 1));
  origin.start();
  live_log log(origin, 0);
  CHECK(eventually([&] { return frozen.clients() >= 2; }));
  CHECK(origin.count(&trunk_counters::pushes_started) >= 2);
}

TEST_CASE("a push of a lower epoch is answered stale and changes nothing") {
  node winner("w"), relay("r", relay_options());
  epoch told;
  std::atomic<bool> called{false};
  node_options options;
  options.pushes.stale = [&](const stream_key&, epoch newest) {
    told = newest;
    called = true;
  };
  node loser("l", options);
  auto found = order({relay.serve()}, 1);
  for (auto* n : {&winner, &relay, &loser}) {
    n->directory.answer(found);
    n->start();
  }
  live_log log(winner, 0, epoch{200});
  REQUIRE(eventually([&] { return relay.status().log_epoch == epoch{200}; }));
  loser.publish(epoch{100});
  REQUIRE(eventually([&] { return called.load(); }));
  CHECK(told == epoch{200});
  CHECK(relay.status().upstream == "w");
  CHECK(relay.status().live);
}

TEST_CASE("a newer epoch follows on the same push") {
  node origin("o"), relay("r", relay_options());
  auto found = order({relay.serve()}, 1);
  for (auto* n : {&origin, &relay}) {
    n->directory.answer(found);
    n->start();
  }
  live_log log(origin, 0);
  REQUIRE(eventually([&] { return relay.status().live; }));
  auto watch = relay.watch();
  REQUIRE(watch.has_value());
  live_log second(origin, 5, epoch{200}, 5);
  CHECK(eventually([&] { return (*watch)->seen().end == stream::end_reason::changed; }));
  CHECK(eventually([&] { return relay.status().log_epoch == epoch{200}; }));
  CHECK(origin.count(&trunk_counters::pushes_started) == 1);
}

TEST_CASE("the rest of the older log goes out before a newer epoch follows on the same push") {
  // A machine that is slow must not make either side take the other for dead.
  node_options patient, slow = relay_options();
  patient.pushes.silence_limit = patient.pushes.write_limit = 60s;
  slow.server.push_silence_limit = 60s;
  node origin("o", patient), relay("r", slow);
  auto found = order({relay.serve()}, 1);
  for (auto* n : {&origin, &relay}) {
    n->directory.answer(found);
    n->start();
  }
  live_log log(origin, 0);
  REQUIRE(eventually([&] { return relay.status().head == log.head(); }));
  auto watch = relay.watch();
  REQUIRE(watch.has_value());
  byte_buffer large, payload(7'000'000, 0x2f);
  for (int i = 0; i < 3; ++i)
    media::append_tag(large, media::tag_type::audio, 0, payload);
  std::promise<void> goes_on;
  relay.hub.on_home(room(), [&](hosted_stream*, worker&) { goes_on.get_future().wait(); });
  auto asked = origin.directory.asked();
  origin.at_home([&](hosted_stream& h) {
    REQUIRE(h.log.append(large).has_value());
    REQUIRE(h.log.begin({room(), epoch{200}, {true, true}}).has_value());
    h.log.current()->set_path({"o"});
    origin.pushes->start(h);
  });
  CHECK(eventually([&] { return origin.directory.asked() > asked; }));
  goes_on.set_value();
  CHECK(eventually([&] { return relay.status().log_epoch == epoch{200}; }));
  CHECK(eventually([&] { return (*watch)->seen().end == stream::end_reason::changed; }));
  CHECK((*watch)->reaches(log.head() + large.size()));
  CHECK(origin.count(&trunk_counters::pushes_started) == 1);
}

TEST_CASE("a push that was released is over with its log, and what follows comes by the other upstream") {
  node origin("o"), other("s", relay_options()), relay("r", relay_options());
  relay.pull();
  auto both = order({other.serve(), relay.serve()}, 2);
  for (auto* n : {&origin, &other}) {
    n->directory.answer(both);
    n->start();
  }
  relay.start();
  live_log log(origin, 5);
  REQUIRE(eventually([&] { return relay.status().head == log.head() && other.status().head == log.head(); }));
  // The relay seeks the other upstream, and nobody tells it where: the push still feeds it.
  auto one = order({both.order[0]}, 1);
  origin.directory.answer(one);
  origin.pushes->snapshot_changed();
  REQUIRE(eventually([&] { return relay.status().feeder_kind == "pull"; }));
  live_log second(origin, 5, epoch{200}, 5);
  REQUIRE(eventually([&] { return other.status().head == second.head(); }));
  relay.directory.answer(one);
  CHECK(eventually(
      [&] { return relay.status().log_epoch == epoch{200} && relay.status().head == second.head(); }));
  CHECK(relay.status().feeder_kind == "pull");
  CHECK(relay.status().upstream == "s");
  CHECK(origin.count(&trunk_counters::pushes_started) == 2);
}

TEST_CASE("a relay that nobody else can feed takes its origin's push back over a gap") {
  node relay("r", relay_options());
  relay.pull();
  auto entry = relay.serve();
  relay.directory.answer(order({entry}));
  relay.start();
  flv_source source;
  auto before = source.start(), after = source.frames(1);
  {
    scripted_origin origin(entry.trunk_address, 0, before.size());
    origin.bytes(before);
    REQUIRE(eventually([&] { return relay.status().head == before.size(); }));
  }
  REQUIRE(eventually([&] { return relay.status().feeder_kind == "pull"; }));
  auto first = before.size() + 1000;
  scripted_origin origin(entry.trunk_address, first, first + after.size());
  origin.client.send_frame(*trunk::encode(trunk::gap{before.size(), first, {}}));
  origin.bytes(after);
  CHECK(eventually([&] { return relay.status().head == first + after.size(); }));
  CHECK(relay.status().feeder_kind == "push");
  CHECK(relay.count(&trunk_counters::gaps) == 1);
}
