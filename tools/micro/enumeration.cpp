// Enumerations in process, as a directory answers them: every relay ranked for a key.
#include "cluster/enumeration.hpp"

#include "cluster/snapshot.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace sluice::micro {

namespace {

cluster::snapshot list_of(std::int64_t count) {
  cluster::snapshot out;
  for (std::int64_t i = 0; i < count; ++i) {
    auto& relay = out.relays.emplace_back();
    relay.id = fmt::format("relay-{}", i);
    relay.boot_nonce = 1;
    relay.trunk_address = fmt::format("relay-{}.example.org:8500", i);
  }
  cluster::seal(out);
  return out;
}

std::vector<stream_key> keys() {
  std::vector<stream_key> out;
  for (int i = 0; i < 256; ++i)
    out.push_back(stream_key::parse(fmt::format("live/room{}", i)).value());
  return out;
}

void enumerate(benchmark::State& state) {
  auto list = list_of(state.range(0));
  cluster::ranking ranks(list);
  auto asked = keys();
  std::size_t next = 0;
  for (auto _ : state) {
    auto found = cluster::enumerate(asked[next++ % asked.size()], list, ranks, "");
    benchmark::DoNotOptimize(found);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(enumerate)->ArgName("relays")->Arg(10)->Arg(50)->Arg(100)->Arg(1000)->Arg(10'000);

/// The order alone, as indices.
void rank(benchmark::State& state) {
  auto list = list_of(state.range(0));
  cluster::ranking ranks(list);
  cluster::rank_buffer room;
  auto zone = ranks.zone("");
  std::uint64_t key = 1;
  for (auto _ : state) {
    auto found = ranks.rank(key += 0x9e3779b97f4a7c15, zone, room);
    benchmark::DoNotOptimize(found);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(rank)->ArgName("relays")->Arg(10)->Arg(50)->Arg(100)->Arg(1000)->Arg(10'000);

} // namespace

} // namespace sluice::micro
