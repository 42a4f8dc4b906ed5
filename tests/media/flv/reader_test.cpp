#include "media/flv/reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::media;

namespace {

struct recorder : flv_handler {
  std::vector<std::string> events;
  const std::uint8_t* last_data = nullptr;
  bool refuse = false;

  result<void> on_file_header(file_flags flags) override {
    events.push_back("file " + std::to_string(flags.has_audio) + std::to_string(flags.has_video));
    return {};
  }
  result<void> on_tag(tag_type type, std::uint32_t timestamp, byte_view data) override {
    if (refuse) return error{errc::conflict, "refused"};
    last_data = data.data();
    events.push_back(std::to_string(static_cast<int>(type)) + "@" + std::to_string(timestamp) + " " +
                     std::string(as_text(data)));
    return {};
  }
};

byte_buffer sample_file() {
  auto head = file_header(true, true);
  byte_buffer out(head.begin(), head.end());
  append_tag(out, tag_type::script, 0, as_bytes("meta"));
  append_tag(out, tag_type::audio, 0x01020304, as_bytes(""));
  append_tag(out, tag_type::video, 40, as_bytes("picture"));
  return out;
}

const std::vector<std::string> sample_events{"file 11", "18@0 meta", "8@16909060 ", "9@40 picture"};

byte_view cut(byte_view bytes, std::size_t from, std::size_t to) {
  return bytes.subspan(from, to - from);
}

} // namespace

TEST_CASE("a file read in one piece gives its header and its tags without copies") {
  auto file = sample_file();
  flv_reader reader;
  recorder got;
  REQUIRE(reader.feed(file, got).has_value());
  CHECK(got.events == sample_events);
  CHECK(got.last_data >= file.data());
  CHECK(got.last_data < file.data() + file.size());
  CHECK(reader.at_tag_boundary());
  CHECK(reader.offset() == file.size());
  CHECK(reader.wrong_previous_sizes() == 0);
}

TEST_CASE("a file cut in two or three at any bytes gives the same tags") {
  auto file = sample_file();
  for (std::size_t a = 0; a <= file.size(); ++a) {
    for (std::size_t b = a; b <= file.size(); ++b) {
      flv_reader reader;
      recorder got;
      REQUIRE(reader.feed(cut(file, 0, a), got).has_value());
      REQUIRE(reader.feed(cut(file, a, b), got).has_value());
      REQUIRE(reader.feed(cut(file, b, file.size()), got).has_value());
      REQUIRE(got.events == sample_events);
      REQUIRE(reader.offset() == file.size());
    }
  }
}

TEST_CASE("a file truncated at any byte is no error and gives the tags before it") {
  auto file = sample_file();
  for (std::size_t n = 0; n < file.size(); ++n) {
    flv_reader reader;
    recorder got;
    REQUIRE(reader.feed(cut(file, 0, n), got).has_value());
    REQUIRE(got.events.size() < sample_events.size() + 1);
    for (std::size_t i = 0; i < got.events.size(); ++i)
      REQUIRE(got.events[i] == sample_events[i]);
    CHECK(reader.offset() == n);
  }
}

TEST_CASE("a tag above the limit is refused by its header, with the offset") {
  auto file = sample_file();
  flv_reader reader(6);
  recorder got;
  auto done = reader.feed(file, got);
  REQUIRE(done.has_error());
  CHECK(done.error().code == errc::too_large);
  CHECK(done.error().message == "flv tag: 7 bytes of data; at most 6 (byte 47 of the file)");
  CHECK(reader.feed({}, got).has_error());
  CHECK(!reader.at_tag_boundary());
}

TEST_CASE("a tag that claims more than it has waits, keeping only what came") {
  auto head = file_header(false, true);
  byte_buffer file(head.begin(), head.end());
  append_tag(file, tag_type::video, 0, as_bytes("x"));
  file[file_header_size + 1] = 0x7f;
  flv_reader reader;
  recorder got;
  REQUIRE(reader.feed(file, got).has_value());
  CHECK(got.events.size() == 1);
  CHECK(!reader.at_tag_boundary());
}

TEST_CASE("wrong and zero PreviousTagSize fields are counted and otherwise ignored") {
  auto file = sample_file();
  file.back() = 0;
  file[file_header_size - 1] = 3;
  flv_reader reader;
  recorder got;
  REQUIRE(reader.feed(file, got).has_value());
  CHECK(got.events == sample_events);
  CHECK(reader.wrong_previous_sizes() == 2);
}

TEST_CASE("bytes that are not FLV fail at the offset where that shows") {
  flv_reader reader;
  recorder got;
  auto done = reader.feed(as_bytes("GET / HTTP/1.1\r\n"), got);
  REQUIRE(done.has_error());
  CHECK(done.error() == error{errc::malformed, "flv: the first bytes are not 'FLV' (byte 0 of the file)"});

  auto file = sample_file();
  file[file_header_size] = 7;
  flv_reader second;
  done = second.feed(file, got);
  REQUIRE(done.has_error());
  CHECK(done.error().message == "flv tag: type 7; 8, 9 or 18 expected (byte 13 of the file)");
}

TEST_CASE("an error of the handler ends the reading") {
  flv_reader reader;
  recorder got;
  got.refuse = true;
  auto done = reader.feed(sample_file(), got);
  REQUIRE(done.has_error());
  CHECK(done.error().code == errc::conflict);
  CHECK(reader.feed(sample_file(), got).has_error());
}
