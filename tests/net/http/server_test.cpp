#include "net/support/http_node.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::test;

namespace {

struct started_node : http_node {
  explicit started_node(http_node_options chosen = {}) : http_node(std::move(chosen)) { start(); }
  std::uint64_t refused(net::refusal why) {
    return count([why](const auto& c) { return c.viewers.refused[static_cast<std::size_t>(why)].value(); });
  }
  std::uint64_t bad() {
    return count([](const auto& c) { return c.http.bad_requests.value(); });
  }
};

/// The `error` of the JSON body, which is one line.
std::string error_of(const std::string& answer) {
  auto body = answer.substr(answer.find("\r\n\r\n") + 4);
  CHECK(std::count(body.begin(), body.end(), '\n') == 1);
  auto parsed = boost::json::parse(body).as_object();
  CHECK_FALSE(parsed.at("message").as_string().empty());
  return std::string(parsed.at("error").as_string());
}

bool is(const std::string& answer, int status) {
  return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

} // namespace

TEST_CASE("errors come as a status and one line of JSON") {
  started_node n;
  const std::tuple<std::string, int, std::string> rows[] = {
      {"/live/none.flv", 404, "not_live"},        {"/one.flv", 400, "bad_argument"},
      {"/nothing-here", 404, "not_found"},        {"/api/v1/none", 404, "not_found"},
      {"/api/v1/streams/x", 400, "bad_argument"}, {"/api/v1/streams/live/none", 404, "not_live"},
      {"/api/v1/nodes", 503, "unavailable"},      {"/api/v1/enumerate/live/room1", 503, "unavailable"}};
  for (const auto& [target, status, word] : rows) {
    CAPTURE(target);
    auto answer = get(n.port, target);
    CHECK(is(answer, status));
    CHECK(error_of(answer) == word);
    CHECK(header_value(answer, "Access-Control-Allow-Origin") == "*");
  }
}

TEST_CASE("what is no HTTP is answered 400 and counted once") {
  started_node n;
  std::uint64_t expected = 0;
  for (const std::string text :
       {"garbage\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"}) {
    CAPTURE(text);
    auto answer = request(n.port, text);
    CHECK(is(answer, 400));
    CHECK(error_of(answer) == "malformed");
    CHECK(n.bad() == ++expected);
  }
}

TEST_CASE("a header that is too large is refused, and the connection ends") {
  started_node n;
  for (const auto& line : {"X: " + std::string(9'000, 'a'), "X" + std::string(40'000, 'a')}) {
    plain_client client(n.port);
    client.send("GET / HTTP/1.1\r\n" + line + "\r\n\r\n");
    client.end_sending();
    CHECK(is(client.read_text_to_end(), 400));
  }
}

TEST_CASE("a connection that sends no request in time is closed, a trickle too") {
  http_node_options options;
  options.http.header_deadline = 100ms;
  started_node n(std::move(options));
  plain_client silent(n.port), trickle(n.port), kept(n.port);
  trickle.send("GET / HT");
  kept.send("GET /livez HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(kept.read_head().starts_with("HTTP/1.1 200"));
  CHECK(kept.read_to_end().size() == 3);
  CHECK(silent.ended());
  CHECK(trickle.ended());
  CHECK(eventually([&] { return n.count([](auto& c) { return c.http.current.value(); }) == 0; }));
}

TEST_CASE("a kept connection answers one request after another") {
  started_node n;
  plain_client client(n.port);
  for (int i = 0; i < 3; ++i) {
    client.send("GET /livez HTTP/1.1\r\nHost: test\r\n\r\n");
    CHECK(client.read_head().starts_with("HTTP/1.1 200"));
    CHECK(client.read(3).size() == 3);
  }
  client.send(
      "GET /livez HTTP/1.1\r\nHost: t\r\n\r\nGET /livez HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  CHECK(client.read_head().starts_with("HTTP/1.1 200"));
  (void)client.read(3);
  CHECK(client.read_head().starts_with("HTTP/1.1 200"));
  CHECK(client.read_to_end().size() == 3);
  CHECK(n.count([](auto& c) { return c.http.connections.value(); }) == 1);
  CHECK(n.count([](auto& c) { return c.http.requests.value(); }) == 5);
}

TEST_CASE("HEAD of a stream starts no pull and carries no body") {
  http_node n;
  auto made = std::make_shared<std::atomic<int>>(0);
  n.hub.on_demand([made](net::hosted_stream&, net::worker&) {
    ++*made;
    return std::make_unique<idle_feeder>(true);
  });
  n.start();
  const std::string head = "HEAD /live/room1.flv HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  CHECK(is(request(n.port, head), 404));
  CHECK(*made == 0);
  n.publish();
  n.play(0, 1);
  auto answer = request(n.port, head);
  CHECK(is(answer, 200));
  CHECK(answer.ends_with("\r\n\r\n"));
  CHECK(header_value(answer, "Content-Type") == "video/x-flv");
  CHECK(n.viewers() == 0);
}

TEST_CASE("OPTIONS answers a browser's question, other methods are refused") {
  started_node n;
  auto answer =
      request(n.port, "OPTIONS /live/room1.flv HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  CHECK(is(answer, 204));
  CHECK(header_value(answer, "Access-Control-Allow-Origin") == "*");
  CHECK(header_value(answer, "Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS");
  CHECK(is(request(n.port, "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n"), 405));
  CHECK(is(request(n.port, "POST /live/room1.flv HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello"),
           405));
}

TEST_CASE("a method that is not served is told which are, and a request without a Host is none") {
  started_node n;
  auto answer = request(n.port, "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(is(answer, 405));
  CHECK(header_value(answer, "Allow") == "GET, HEAD, OPTIONS");
  CHECK(is(request(n.port, "GET /livez HTTP/1.1\r\n\r\n"), 400));
  CHECK(is(request(n.port, "GET /livez HTTP/1.0\r\n\r\n"), 200));
}

TEST_CASE("viewers beyond the limit are refused, however they come at once") {
  http_node_options options;
  options.http.max_viewers = 2;
  started_node n(std::move(options));
  n.publish();
  n.play(0, 1);
  std::vector<std::unique_ptr<plain_client>> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(std::make_unique<plain_client>(n.port));
  for (auto& one : all)
    one->send("GET /live/room1.flv HTTP/1.1\r\nHost: test\r\n\r\n");
  int served = 0, refused = 0;
  for (auto& one : all) {
    auto head = one->read_head();
    served += is(head, 200);
    refused += is(head, 503);
  }
  CHECK(served == 2);
  CHECK(refused == 6);
  CHECK(n.refused(net::refusal::full) == 6);
}

TEST_CASE("viewers are not among the connections: a node that is full of them still answers") {
  http_node_options options;
  options.http.max_viewers = 2;
  options.http.max_connections = 1;
  started_node n(std::move(options));
  n.publish();
  n.play(0, 1);
  auto connections = [&] { return n.count([](auto& c) { return c.http.current.value(); }); };
  std::vector<std::unique_ptr<plain_client>> watching;
  for (int i = 0; i < 2; ++i) {
    watching.push_back(std::make_unique<plain_client>(n.port));
    watching.back()->send("GET /live/room1.flv HTTP/1.1\r\nHost: test\r\n\r\n");
    CHECK(is(watching.back()->read_head(), 200));
    REQUIRE(eventually([&] { return connections() == 0; }));
  }
  CHECK(is(get(n.port, "/livez"), 200));
  REQUIRE(eventually([&] { return connections() == 0; }));
  CHECK(is(get(n.port, "/live/room1.flv"), 503));
  CHECK(n.refused(net::refusal::full) == 1);
}

TEST_CASE("a worker with more to do than it can refuses new viewers and keeps those it has") {
  auto overloaded = std::make_shared<std::atomic<bool>>(false);
  http_node_options options;
  options.http.overloaded = [overloaded](std::size_t) { return overloaded->load(); };
  started_node n(std::move(options));
  n.publish();
  n.play(0, 1);
  plain_client watching(n.port);
  watching.send("GET /live/room1.flv HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(is(watching.read_head(), 200));
  *overloaded = true;
  auto answer = get(n.port, "/live/room1.flv");
  CHECK(is(answer, 503));
  CHECK(error_of(answer) == "unavailable");
  CHECK(header_value(answer, "Retry-After") == "1");
  CHECK(n.refused(net::refusal::overloaded) == 1);
  CHECK(get(n.port, "/metrics").find("sluice_viewers_refused_total{reason=\"overloaded\"} 1") !=
        std::string::npos);
  CHECK(n.viewers() == 1);
  *overloaded = false;
  plain_client late(n.port);
  late.send("GET /live/room1.flv HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(is(late.read_head(), 200));
}

TEST_CASE("each data thread's viewers are told apart") {
  http_node_options options;
  options.workers = 2;
  started_node n(std::move(options));
  auto metrics = get(n.port, "/metrics");
  CHECK(metrics.find("sluice_worker_viewers{worker=\"0\"} 0") != std::string::npos);
  CHECK(metrics.find("sluice_worker_viewers{worker=\"1\"} 0") != std::string::npos);
}

TEST_CASE("connections beyond the limit are closed at once and counted") {
  http_node_options options;
  options.http.max_connections = 2;
  started_node n(std::move(options));
  plain_client one(n.port), two(n.port);
  CHECK(eventually([&] { return n.count([](auto& c) { return c.http.current.value(); }) == 2; }));
  plain_client three(n.port);
  CHECK(three.ended());
  CHECK(n.count([](auto& c) { return c.http.over_limit.value(); }) == 1);
  one.close();
  CHECK(eventually([&] { return n.count([](auto& c) { return c.http.current.value(); }) == 1; }));
  CHECK(is(get(n.port, "/livez"), 200));
}

TEST_CASE("livez, readyz, metrics and pages answer") {
  http_node_options options;
  options.http.readiness = [] {
    return std::vector<net::readiness_check>{{"listening", true, "8080"},
                                             {"directory", false, "none answered"}};
  };
  started_node n(std::move(options));
  CHECK(is(get(n.port, "/livez"), 200));
  auto ready = get(n.port, "/readyz");
  CHECK(is(ready, 503));
  auto said = boost::json::parse(ready.substr(ready.find("\r\n\r\n") + 4)).as_object();
  CHECK_FALSE(said.at("ready").as_bool());
  CHECK(said.at("checks").as_array().size() == 2);
  auto metrics = get(n.port, "/metrics");
  CHECK(is(metrics, 200));
  CHECK(metrics.find("# TYPE sluice_http_requests_total counter") != std::string::npos);
  auto page = get(n.port, "/");
  CHECK(is(page, 200));
  auto etag = header_value(page, "ETag");
  CHECK(is(request(n.port,
                   "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nIf-None-Match: " + etag + "\r\n\r\n"),
           304));
}

TEST_CASE("the API tells of a live stream") {
  started_node n;
  n.publish();
  n.play(0, 1);
  auto answer = get(n.port, "/api/v1/streams/live/room1");
  CHECK(is(answer, 200));
  auto one = boost::json::parse(answer.substr(answer.find("\r\n\r\n") + 4)).as_object();
  CHECK(one.at("state") == "live");
  CHECK(one.at("epoch") == "7");
  CHECK(one.at("head").to_number<std::uint64_t>() == n.all.size());
  answer = get(n.port, "/api/v1/streams");
  auto list = boost::json::parse(answer.substr(answer.find("\r\n\r\n") + 4)).as_object();
  CHECK(list.at("directory") == "none");
  CHECK(list.at("streams").as_array().size() == 1);
}
