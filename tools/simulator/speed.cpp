// How many enumerations one core makes in a second: key to ranked indices, which is all that a choice needs,
// and the whole answer with its texts.
#include "cluster/enumeration.hpp"
#include "cluster/snapshot.hpp"
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace sluice::simulate {

namespace {

using namespace cluster;

/// Processor time of this thread: other work of the machine does not count.
std::chrono::duration<double> used() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

#ifdef __OPTIMIZE__
constexpr bool optimised = true;
#else
constexpr bool optimised = false;
#endif

snapshot fifty(bool weighted, bool zoned) {
  snapshot out;
  for (std::size_t i = 0; i < 50; ++i) {
    relay_entry one;
    one.id = fmt::format("relay-{:02}", i);
    one.trunk_address = fmt::format("10.0.0.{}:8500", i);
    one.weight = weighted ? static_cast<double>(1 + i % 4) : 1;
    if (zoned) one.zone = fmt::format("zone-{}", i % 3);
    out.relays.push_back(std::move(one));
  }
  seal(out);
  return out;
}

/// Millions a second: the best of several rounds, for other work takes its part of the caches.
template <class Work>
double rate(std::size_t calls, Work work) {
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    auto begin = used();
    for (std::size_t i = 0; i < calls; ++i)
      work(i);
    best = std::max(best, static_cast<double>(calls) / (used() - begin).count() / 1e6);
  }
  return best;
}

} // namespace

report speed(const scale& size) {
  std::size_t calls = size.full ? 400'000 : 2'000;
  report out;
  out.title = "Enumerations a second on one core, 50 relays";
  out.setting = fmt::format("hash of the key, ranks, order and head as indices; {} build",
                            optimised ? "optimised" : "unoptimised");
  std::vector<stream_key> keys;
  for (int i = 0; i < 1024; ++i)
    keys.push_back(*stream_key::parse(fmt::format("live/stream-{}", i)));
  std::size_t sum = 0;
  auto judged = optimised && size.full ? std::optional(1.0) : std::nullopt;
  for (bool weighted : {false, true})
    for (bool zoned : {false, true}) {
      ranking ranks(fifty(weighted, zoned));
      rank_buffer room;
      auto zone = ranks.zone("zone-1");
      auto found = rate(
          calls, [&](std::size_t i) { sum += ranks.rank(hash_of(keys[i & 1023]), zone, room).order[0]; });
      out.findings.push_back({fmt::format("{}, {}", weighted ? "weights 1 to 4" : "equal weights",
                                          zoned ? "3 zones" : "no zones"),
                              found,
                              "million/s",
                              {},
                              weighted ? std::nullopt : judged});
    }
  auto list = fifty(false, true);
  ranking ranks(list);
  auto whole = rate(calls / 20, [&](std::size_t i) {
    sum += enumerate(keys[i & 1023], list, ranks, "zone-1").order.size();
  });
  out.findings.push_back({"whole answers, with ids, addresses and scores", whole, "million/s", {}, {}});
  if (sum == 0) out.setting += " ";
  return out;
}

} // namespace sluice::simulate
