// The log: its scanner, what the writer pays for a tag, what a viewer pays for a step.
#include "stream/log.hpp"

#include "film.hpp"
#include "stream/cursor.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>

namespace sluice::micro {

namespace {

stream::log_identity identity() {
  return {stream_key::parse("live/room1").value(), {1}, {true, true}};
}

void flv_scan(benchmark::State& state) {
  auto bytes = log_bytes();
  constexpr std::size_t piece = 64 * 1024; // a trunk message
  std::uint64_t tags = 0;
  for (auto _ : state) {
    tags = 0;
    stream::tag_scanner scanner(0, 8 * 1024 * 1024);
    for (byte_view left = bytes; !left.empty(); left = left.subspan(std::min(piece, left.size())))
      if (!scanner.scan(left.first(std::min(piece, left.size())), [&](const auto&) { ++tags; })) break;
  }
  if (tags != film().size()) state.SkipWithError("not every tag was found");
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes.size()) * state.iterations());
}
BENCHMARK(flv_scan);

/// A log and one audience's view of it, as on an edge.
struct watched_log {
  watched_log() { written.subscribe(channel); }
  void refresh() {
    if (auto news = channel->take()) view.apply(std::move(*news));
  }
  stream::log written{identity(), {}};
  std::shared_ptr<stream::log_channel> channel = std::make_shared<stream::log_channel>([] {});
  stream::log_view view{stream::tracks{true, true}};
};

std::vector<byte_buffer> tags_of_film() {
  std::vector<byte_buffer> out;
  for (const auto& tag : film())
    media::append_tag(out.emplace_back(), tag.type, tag.timestamp, tag.data);
  return out;
}

void log_append(benchmark::State& state) {
  auto tags = tags_of_film();
  std::size_t bytes = 0;
  for (auto _ : state) {
    watched_log log;
    for (const auto& tag : tags) {
      if (!log.written.append(tag)) return state.SkipWithError("a tag was refused");
      log.refresh();
    }
    bytes = log.view.head();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
  state.SetItemsProcessed(static_cast<std::int64_t>(tags.size()) * state.iterations());
}
BENCHMARK(log_append);

/// A flush without the sockets: the log has grown by a tag, each viewer's cursor takes a step.
void log_read(benchmark::State& state) {
  auto viewers = static_cast<std::size_t>(state.range(0));
  auto tags = tags_of_film();
  watched_log log;
  auto grow = [&](const byte_buffer& tag) {
    if (!log.written.append(tag)) state.SkipWithError("a tag was refused");
    log.refresh();
  };
  constexpr std::size_t begun = 3; // both headers and the first keyframe
  for (std::size_t i = 0; i < begun; ++i)
    grow(tags[i]);
  std::vector<stream::cursor> cursors(viewers, stream::cursor(log.view, {}));
  for (auto& one : cursors)
    one.next(log.view);
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    grow(tags.back());
    state.ResumeTiming();
    for (auto& one : cursors)
      bytes += one.next(log.view).bytes.size();
  }
  if (bytes != tags.back().size() * viewers * static_cast<std::uint64_t>(state.iterations()))
    state.SkipWithError("a viewer did not get every byte");
  state.SetItemsProcessed(static_cast<std::int64_t>(viewers) * state.iterations());
}
BENCHMARK(log_read)->ArgName("viewers")->Arg(1000);

} // namespace

} // namespace sluice::micro
