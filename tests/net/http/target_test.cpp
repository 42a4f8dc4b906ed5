#include "net/http/target.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using net::parse_target;
using net::target_kind;

TEST_CASE("each request target is what the table says") {
  struct row {
    std::string_view text;
    target_kind kind;
    std::string_view key, params;
  };
  const row rows[] = {
      {"/", target_kind::page, "", ""},
      {"/?x=1", target_kind::page, "", "x=1"},
      {"/app-watch.js", target_kind::page, "", ""},
      {"/watch/live/room1", target_kind::page, "live/room1", ""},
      {"/live/room1.flv", target_kind::stream, "live/room1", ""},
      {"/live/room1.live.flv", target_kind::stream, "live/room1", ""},
      {"/live/room1.flv?token=a/b.flv?c", target_kind::stream, "live/room1", "token=a/b.flv?c"},
      {"/live/room%31.flv", target_kind::stream, "live/room1", ""},
      {"/a/b/c/d.flv", target_kind::stream, "a/b/c/d", ""},
      {"/api/v1/streams", target_kind::api_streams, "", ""},
      {"/api/v1/streams/live/room1", target_kind::api_stream, "live/room1", ""},
      {"/api/v1/enumerate/live/room1", target_kind::api_enumerate, "live/room1", ""},
      {"/api/v1/nodes", target_kind::api_nodes, "", ""},
      {"/api/v1/edges", target_kind::api_edges, "", ""},
      {"/api/v1/publish", target_kind::api_publish, "", ""},
      {"/livez", target_kind::livez, "", ""},
      {"/readyz?verbose", target_kind::readyz, "", "verbose"},
      {"/metrics", target_kind::metrics, "", ""},
  };
  for (const auto& expected : rows) {
    CAPTURE(expected.text);
    auto got = parse_target(expected.text);
    REQUIRE(got.has_value());
    CHECK(got->kind == expected.kind);
    CHECK((got->key ? got->key->str() : "") == expected.key);
    CHECK(got->params == expected.params);
  }
}

TEST_CASE("what is no target is refused with the code of its fault") {
  struct row {
    std::string_view text;
    errc code;
  };
  const std::string long_one = "/" + std::string(4096, 'a');
  const row rows[] = {
      {"", errc::bad_argument},
      {"*", errc::bad_argument},
      {"live/room1.flv", errc::bad_argument},
      {long_one, errc::bad_argument},
      {"/room1.flv", errc::bad_argument},
      {"/.flv", errc::bad_argument},
      {"/.live.flv", errc::bad_argument},
      {"//.flv", errc::bad_argument},
      {"/live/../room1.flv", errc::bad_argument},
      {"/live/room1.flv.flv", errc::bad_argument},
      {"/live/room1.live.live.flv", errc::bad_argument},
      {"/live/room1%2elive.flv", errc::bad_argument},
      {"/watch/live/room1.live", errc::bad_argument},
      {"/live/ro om.flv", errc::bad_argument},
      {"/a/b/c/d/e.flv", errc::bad_argument},
      {"/watch/", errc::bad_argument},
      {"/watch/live", errc::bad_argument},
      {"/api/v1/streams/", errc::bad_argument},
      {"/api/v1/enumerate/x", errc::bad_argument},
      {"/api/v2/streams", errc::not_found},
      {"/api/v1/streamsx", errc::not_found},
      {"/api/live/room1.flv", errc::not_found},
  };
  for (const auto& expected : rows) {
    CAPTURE(expected.text);
    auto got = parse_target(expected.text);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().code == expected.code);
    CHECK_FALSE(got.error().message.empty());
  }
}

TEST_CASE("a bad percent sign in a key is refused wherever it is cut") {
  for (std::string_view text : {"/live/room%.flv", "/live/room%3.flv", "/live/%zz.flv", "/%/%.flv",
                                "/live/%2f.flv", "/live/%00.flv", "/live/a%252e.flv"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_target(text).has_value());
  }
}
