#include "net/support/flv_source.hpp"
#include "net/support/http_node.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <unistd.h>

using namespace sluice;
using namespace sluice::test;

namespace {

const std::string post_head = "POST /live/room1.flv HTTP/1.1\r\nHost: test\r\n";

std::string text(const byte_buffer& bytes) {
  return {bytes.begin(), bytes.end()};
}

/// A file of `frames` pictures, as a publisher would send it.
byte_buffer flv_file(int frames) {
  flv_source source;
  auto flags = media::file_header(true, true);
  byte_buffer out(flags.begin(), flags.end());
  byte_writer(out).bytes(source.start());
  byte_writer(out).bytes(source.frames(frames));
  return out;
}

std::string chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

http_node_options origin() {
  http_node_options out;
  out.publishers = true;
  out.ingest.grace = 100ms;
  return out;
}

/// A folder of this test's own, removed with it.
struct temporary_folder {
  temporary_folder()
      : path(std::filesystem::temp_directory_path() / fmt::format("sluice-record-{}", ::getpid())) {
    std::filesystem::create_directories(path);
  }
  ~temporary_folder() { std::filesystem::remove_all(path); }
  /// The bytes of the only file in it.
  [[nodiscard]] byte_buffer only_file() const {
    std::filesystem::directory_iterator at(path);
    REQUIRE(at != std::filesystem::directory_iterator());
    std::ifstream in(at->path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::filesystem::path path;
};

std::uint64_t protocol_errors(http_node& n) {
  return n.count([](const auto& c) { return c.ingest.protocol_errors.value(); });
}

} // namespace

TEST_CASE("a POST cut at odd places becomes the log to the byte, is recorded, and is answered 204") {
  auto file = text(flv_file(25));
  for (std::size_t piece : {std::size_t{7}, std::size_t{1000}, std::size_t{65'537}, file.size()}) {
    CAPTURE(piece);
    temporary_folder folder;
    auto options = origin();
    options.record = folder.path;
    http_node n(std::move(options));
    n.start();
    plain_client publisher(n.port);
    // The header and the first chunk travel together, and chunks are cut anew on the wire.
    std::string wire = post_head + "Transfer-Encoding: chunked\r\n\r\n";
    auto limit = piece < 100 ? std::size_t{200'000} : file.size();
    for (std::size_t at = 0; at < limit; at += piece)
      wire += chunk(std::string_view(file).substr(at, piece));
    for (std::size_t at = 0; at < wire.size(); at += 4099)
      publisher.send(std::string_view(wire).substr(at, 4099));
    if (piece >= 100) {
      publisher.send("0\r\n\r\n");
      CHECK(publisher.read_head().starts_with("HTTP/1.1 204"));
    } else {
      CHECK(eventually([&] { return n.status().head > 10'000; }));
    }
    n.stop();
    auto recorded = folder.only_file();
    auto whole = flv_file(25);
    if (piece >= 100)
      CHECK(recorded == whole);
    else
      CHECK(recorded ==
            byte_buffer(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(recorded.size())));
    CHECK(recorded.size() > 10'000);
  }
}

TEST_CASE("a POST with a length works, and asks are answered with 100 first") {
  http_node n(origin());
  n.start();
  auto file = text(flv_file(5));
  plain_client publisher(n.port);
  publisher.send(post_head + fmt::format("Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", file.size()));
  CHECK(publisher.read_head().starts_with("HTTP/1.1 100"));
  publisher.send(file);
  CHECK(publisher.read_head().starts_with("HTTP/1.1 204"));
  CHECK_FALSE(n.status().live);
}

TEST_CASE("a broken connection leaves the log waiting, a new POST continues it") {
  auto options = origin();
  options.ingest.grace = 10s;
  http_node n(std::move(options));
  n.start();
  auto file = text(flv_file(30));
  auto first = std::make_unique<plain_client>(n.port);
  first->send(post_head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(file));
  CHECK(eventually([&] { return n.status().live && n.status().head + 13 == file.size(); }));
  auto before = n.status();
  first.reset();
  CHECK(eventually([&] { return !n.status().last_beat->publisher_live; }));
  plain_client second(n.port);
  second.send(post_head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(file));
  CHECK(eventually([&] { return n.status().head > before.head; }));
  CHECK(n.status().log_epoch == before.log_epoch);
}

TEST_CASE("a second POST is answered 409 while the first goes on") {
  http_node n(origin());
  n.start();
  plain_client first(n.port), second(n.port);
  auto file = text(flv_file(5));
  first.send(post_head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(file));
  CHECK(eventually([&] { return n.status().live; }));
  second.send(post_head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(file));
  CHECK(second.read_head().starts_with("HTTP/1.1 409"));
  first.send("0\r\n\r\n");
  CHECK(first.read_head().starts_with("HTTP/1.1 204"));
}

TEST_CASE("a body that is no FLV, and one that is no chunked body, are refused and counted") {
  http_node n(origin());
  n.start();
  plain_client one(n.port), two(n.port);
  one.send(post_head + "Transfer-Encoding: chunked\r\n\r\n" + chunk("this is no FLV file at all"));
  CHECK(one.read_head().starts_with("HTTP/1.1 400"));
  CHECK(protocol_errors(n) == 1);
  two.send(post_head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
  CHECK(two.read_head().starts_with("HTTP/1.1 400"));
  CHECK(protocol_errors(n) == 2);
}

TEST_CASE("a recording of a log that goes on at a stop has every byte up to it") {
  temporary_folder folder;
  auto options = origin();
  options.record = folder.path;
  http_node n(std::move(options));
  n.start();
  plain_client publisher(n.port);
  auto file = flv_file(20);
  publisher.send(post_head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(text(file)));
  CHECK(eventually([&] { return n.status().head + 13 == file.size(); }));
  n.stop();
  CHECK(folder.only_file() == file);
}
