// Drives an `upstream_choice` with a virtual clock and writes down what it does.
#pragma once

#include "cluster/upstream_choice.hpp"
#include "make.hpp"

#include <doctest/doctest.h>

namespace sluice::cluster::test {

using namespace std::chrono_literals;

constexpr epoch first_epoch{1'700'000'000'000ull << 16};
constexpr epoch second_epoch{1'700'000'001'000ull << 16};

/// Without jitter, so that deadlines are exact.
inline upstream_options exact() {
  upstream_options out;
  out.beat_jitter = 0ms;
  return out;
}

struct puller {
  explicit puller(upstream_options options = exact(), node_id self = "edge-1")
      : choice(key(), std::move(self), health, 7, options) {}

  static upstream_order order(const names& relays, liveness live = liveness::live) {
    upstream_order out;
    for (auto& id : relays) {
      ranked_relay one;
      one.id = id;
      one.trunk_address = id + ":8500";
      out.relays.push_back(one);
    }
    out.live = live;
    out.patient = live == liveness::live;
    return out;
  }

  /// Does all that is to be done now. Each action becomes a word: `connect a`, `probe a`, `use a`,
  /// `use a over gap`, `join a` (used beside others), `lead a`, `drop a silent`, `give up ended`.
  names run() {
    names said;
    for (int limit = 0; limit < 1000; ++limit) {
      auto action = choice.next(now);
      if (auto* wait = std::get_if<wait_until>(&action)) {
        REQUIRE(wait->until > now);
        until = wait->until;
        return said;
      }
      said.push_back(word(action));
      until = now + 1h;
      if (std::holds_alternative<give_up>(action)) return said;
    }
    FAIL("never waits");
    return said;
  }

  std::string word(const upstream_action& action) {
    if (auto* connect = std::get_if<connect_upstream>(&action)) {
      relays[connect->link] = connect->relay;
      links[connect->relay] = connect->link;
      last = *connect;
      return (connect->probe ? "probe " : "connect ") + connect->relay;
    }
    if (auto* use = std::get_if<use_upstream>(&action)) {
      if (use->lead) after = use->after;
      return (use->lead ? "use " : "join ") + relays[use->link] + (use->accept_gap ? " over gap" : "");
    }
    if (auto* lead = std::get_if<lead_upstream>(&action)) {
      after = lead->after;
      return "lead " + relays[lead->link];
    }
    if (auto* drop = std::get_if<drop_upstream>(&action))
      return fmt::format("drop {} {}", relays[drop->link], name(drop->reason));
    return fmt::format("give up {}", name(std::get<give_up>(action).reason));
  }

  /// Lets time pass as the actions ask for it; `alive` tick every 100 ms, `beating` beat with it.
  names pass(std::chrono::milliseconds by, const names& alive = {}, const names& beating = {}) {
    names said;
    auto add = [&](const names& more) { said.insert(said.end(), more.begin(), more.end()); };
    for (auto end = now + by; now < end;) {
      add(run());
      auto next_tick = now + 100ms - (now - start) % 100ms;
      now = std::min({end, until, next_tick});
      if ((now - start) % 100ms == 0ms) {
        for (auto& id : alive)
          choice.received(links[id], now);
        if (!beating.empty()) ++n;
        for (auto& id : beating)
          choice.beat(links[id], n, made(late[id]), now);
      }
    }
    add(run());
    return said;
  }

  /// The origin's clock, `ago` earlier than now.
  std::uint64_t made(std::chrono::milliseconds ago) const {
    auto clock = std::chrono::duration_cast<std::chrono::milliseconds>((now - ago).time_since_epoch());
    return static_cast<std::uint64_t>(clock.count()) + 5'000'000;
  }

  upstream_hello greeting(const std::string& id) const {
    upstream_hello out;
    out.log_epoch = log;
    out.first = 0;
    out.head = 1000;
    out.beat = n;
    out.path = {"origin-1", id};
    return out;
  }

  names hello(const std::string& id) { return hello(id, greeting(id)); }
  names hello(const std::string& id, const upstream_hello& said) {
    choice.hello(links[id], said, now);
    return run();
  }
  names closed(const std::string& id) {
    choice.closed(links[id], now);
    return run();
  }
  names not_here(const std::string& id) {
    choice.not_here(links[id], now);
    return run();
  }

  /// The link brought everything up to our head.
  names catch_up(const std::string& id) {
    choice.delivered(links[id], head, now);
    return run();
  }
  void position(std::uint64_t at) {
    head = at;
    choice.set_position(log, at, now);
  }

  /// Connected to the first of `relays`, with a log, and proven.
  void settle(const names& all) {
    choice.set_order(order(all), now);
    CHECK(run() == names{"connect " + all[0]});
    CHECK(hello(all[0]) == names{"use " + all[0]});
    position(1000);
    CHECK(catch_up(all[0]).empty());
    CHECK(pass(2s, {all[0]}, {all[0]}).empty());
  }

  static constexpr upstream_choice::time_point start{1000s};
  upstream_choice::time_point now = start, until = start;
  epoch log = first_epoch;
  std::uint64_t n = 10; ///< the newest beat there is
  relay_health health{1};
  upstream_choice choice;
  connect_upstream last{};
  std::uint64_t head = 0;
  std::optional<departure> after;                                  ///< said with the newest leader
  std::unordered_map<std::string, std::chrono::milliseconds> late; ///< of a relay's beats
  std::unordered_map<link_id, std::string> relays;
  std::unordered_map<std::string, link_id> links;
};

} // namespace sluice::cluster::test
