// tools/enhanced-flv against the reader, the classifier and the rewriting: two readings of one specification.
#include "media/flv/legacy.hpp"
#include "media/flv/reader.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

using namespace sluice;
using namespace sluice::media;

namespace {

struct seen_tag {
  tag_type type;
  std::uint32_t timestamp;
  byte_buffer data;
  bool operator==(const seen_tag&) const = default;
};

struct collector : flv_handler {
  std::vector<seen_tag> tags;
  result<void> on_file_header(file_flags) override { return {}; }
  result<void> on_tag(tag_type type, std::uint32_t timestamp, byte_view data) override {
    tags.push_back({type, timestamp, {data.begin(), data.end()}});
    return {};
  }
};

std::vector<seen_tag> run_tool(const std::string& arguments) {
  auto command = std::string("python3 " SLUICE_SOURCE_DIR "/tools/enhanced-flv ") + arguments;
  auto* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  flv_reader reader;
  collector got;
  std::array<std::uint8_t, 700> piece;
  while (auto n = fread(piece.data(), 1, piece.size(), pipe))
    REQUIRE(reader.feed(byte_view(piece).first(n), got).has_value());
  REQUIRE(pclose(pipe) == 0);
  CHECK(reader.at_tag_boundary());
  CHECK(reader.wrong_previous_sizes() == 0);
  return got.tags;
}

std::map<std::string, int> count_kinds(const std::vector<seen_tag>& tags) {
  const std::array names{"audio header", "audio", "video header", "key", "frame", "metadata", "other"};
  std::map<std::string, int> counts;
  for (const auto& tag : tags) {
    auto info = classify(tag.type, tag.data);
    std::string name = names[static_cast<std::size_t>(info.kind)];
    ++counts[info.codec != 0 ? fourcc_text(info.codec) + " " + name : name];
  }
  return counts;
}

using counts = std::map<std::string, int>;
const std::string samples = SLUICE_SOURCE_DIR "/tests/media/flv/samples/";

byte_buffer bytes(std::string_view text) {
  auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

} // namespace

TEST_CASE("the Enhanced RTMP tool's AV1 and Opus are classified frame by frame") {
  auto tags = run_tool("--video " + samples + "av1.ivf --audio " + samples + "opus.ogg");
  CHECK(count_kinds(tags) == counts{{"metadata", 1},
                                    {"av01 video header", 1},
                                    {"av01 key", 2},
                                    {"av01 frame", 2},
                                    {"Opus audio header", 1},
                                    {"Opus audio", 11}});
}

TEST_CASE("the Enhanced RTMP tool's HEVC is classified frame by frame") {
  auto tags = run_tool("--fps 10 --video " + samples + "hevc.265");
  CHECK(count_kinds(tags) ==
        counts{{"metadata", 1}, {"hvc1 video header", 1}, {"hvc1 key", 2}, {"hvc1 frame", 2}});
  CHECK(tags.back().timestamp == 300);
}

TEST_CASE("avc1 and mp4a made from a legacy file come back to the same legacy tags") {
  using namespace std::string_view_literals;
  const std::vector<seen_tag> legacy{
      {tag_type::video, 0, bytes("\x17\0\0\0\0CONF"sv)},    {tag_type::audio, 0, bytes("\xaf\0\x12\x10"sv)},
      {tag_type::video, 0, bytes("\x17\1\0\0\x50KEY"sv)},   {tag_type::audio, 5, bytes("\xaf\1AAC"sv)},
      {tag_type::video, 40, bytes("\x27\1\0\0\0INTER"sv)},  {tag_type::video, 80, bytes("\x17\2\0\0\0"sv)},
      {tag_type::script, 80, bytes("\2\0\x0aonMetaData"sv)}};
  auto head = file_header(true, true);
  byte_buffer file(head.begin(), head.end());
  for (const auto& tag : legacy)
    append_tag(file, tag.type, tag.timestamp, tag.data);
  auto path = (std::filesystem::temp_directory_path() / "enhanced-flv-XXXXXX").string();
  auto fd = mkstemp(path.data());
  REQUIRE(fd >= 0);
  REQUIRE(write(fd, file.data(), file.size()) == static_cast<ssize_t>(file.size()));
  close(fd);
  auto extended = run_tool("--form avc1 --input " + path);
  std::remove(path.c_str());

  CHECK(count_kinds(extended) == count_kinds(legacy));
  CHECK(extended.front() != legacy.front());
  auto back = extended;
  byte_buffer scratch;
  for (auto& tag : back) {
    auto plain = to_player_form(tag.type, tag.data, scratch).value();
    tag.data = byte_buffer(plain.begin(), plain.end());
  }
  CHECK((back == legacy));
}
