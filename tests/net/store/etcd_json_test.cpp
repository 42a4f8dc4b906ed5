#include "net/store/etcd_json.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::net::etcd;

namespace {

// As etcd 3.4 writes it: "/s/a" = "hello", "/s/b" empty.
const std::string range_body =
    R"({"header":{"cluster_id":"324952591200643719","member_id":"3319814642761637952","revision":"7","raft_term":"2"},)"
    R"("kvs":[{"key":"L3MvYQ==","create_revision":"2","mod_revision":"5","version":"1","value":"aGVsbG8=","lease":"2324035540236945671"},)"
    R"({"key":"L3MvYg==","create_revision":"6","mod_revision":"6","version":"1"}],"more":true,"count":"9"})";

const std::string watch_line =
    R"({"result":{"header":{"cluster_id":"3","member_id":"4","revision":"5","raft_term":"2"},"events":[)"
    R"({"kv":{"key":"L3MvYQ==","create_revision":"5","mod_revision":"5","version":"1","value":"aGVsbG8="}},)"
    R"({"type":"DELETE","kv":{"key":"L3MvYg==","mod_revision":"6"}}]}})";

template <class Reply>
std::string complaint(const result<Reply>& reply) {
  REQUIRE_FALSE(reply.has_value());
  return reply.error().message;
}

} // namespace

TEST_CASE("a range's reply is read, with 64-bit numbers as text and what is zero left out") {
  auto reply = decode_range(range_body);
  REQUIRE(reply.has_value());
  CHECK(reply->revision == 7);
  CHECK(reply->more);
  CHECK(reply->count == 9);
  REQUIRE(reply->found.size() == 2);
  CHECK(reply->found[0] == key_value{"/s/a", "hello", 5, 2324035540236945671});
  CHECK(reply->found[1] == key_value{"/s/b", "", 6, 0});
  auto empty = decode_range(R"({"header":{"revision":"1"}})");
  REQUIRE(empty.has_value());
  CHECK(empty->found.empty());
  CHECK_FALSE(empty->more);
}

TEST_CASE("numbers are taken as numbers too, and unknown fields are passed over") {
  auto reply = decode_range(
      R"({"later":[{}],"header":{"revision":8},"kvs":[{"key":"YQ==","mod_revision":3,"x":null}],"count":1})");
  REQUIRE(reply.has_value());
  CHECK(reply->revision == 8);
  CHECK(reply->found[0].mod_revision == 3);
}

TEST_CASE("a reply cut short anywhere is an error and nothing else") {
  for (std::size_t n = 0; n < range_body.size(); ++n)
    CHECK_FALSE(decode_range(std::string_view(range_body).substr(0, n)).has_value());
  for (std::size_t n = 0; n < watch_line.size(); ++n)
    CHECK_FALSE(decode_watch(std::string_view(watch_line).substr(0, n)).has_value());
}

TEST_CASE("a wrong field is named") {
  CHECK(complaint(decode_range("[]")) == "range reply is not an object");
  CHECK(complaint(decode_range("{}")) == "range reply has no 'header'");
  CHECK(complaint(decode_range(R"({"header":{"revision":"-1"}})")) ==
        "range reply: header: 'revision' is not a whole number up to 18446744073709551615");
  CHECK(complaint(decode_range(R"({"header":{"revision":"1 "}})")).find("'revision'") != std::string::npos);
  CHECK(complaint(decode_range(R"({"header":{},"kvs":{}})")) == "range reply: 'kvs' is not a list");
  CHECK(complaint(decode_range(R"({"header":{},"kvs":[{"key":"YQ=="},{"key":"*"}]})")) ==
        "range reply: kvs[1]: 'key' is not base64");
  CHECK(complaint(decode_range(R"({"header":{},"kvs":[{"key":"YQ==","value":5}]})")) ==
        "range reply: kvs[0]: 'value' is not a text");
  CHECK(complaint(decode_range(R"({"header":{},"kvs":[{}]})")) == "range reply: kvs[0] has no 'key'");
  CHECK(complaint(decode_range(R"({"header":{},"more":1})")) == "range reply: 'more' is not true or false");
  CHECK(
      complaint(decode_watch(R"({"result":{"header":{},"events":[{"type":"ODD","kv":{"key":"YQ=="}}]}})")) ==
      "watch reply: events[0]: 'type' is not PUT or DELETE");
  CHECK(complaint(decode_watch(R"({"result":{"header":{},"events":[{}]}})")) ==
        "watch reply: events[0] has no 'kv'");
  CHECK(complaint(decode_watch("{}")) == "watch reply has no 'result'");
  CHECK(complaint(decode_lease("{}")) == "lease reply has no 'ID'");
}

TEST_CASE("nothing larger or deeper than the limits is read") {
  auto large = decode_range(std::string(max_body + 1, ' '));
  CHECK(large.error().code == errc::too_large);
  CHECK(large.error().message == "range reply: 8388609 bytes; at most 8388608");
  auto deep = decode_range(std::string(1'000, '[') + std::string(1'000, ']'));
  CHECK(deep.error().code == errc::malformed);
}

TEST_CASE("a watch's lines tell its begin, its events and its end") {
  auto begun = decode_watch(R"({"result":{"header":{"revision":"3"},"created":true}})");
  REQUIRE(begun.has_value());
  CHECK(begun->created);
  auto news = decode_watch(watch_line);
  REQUIRE(news.has_value());
  REQUIRE(news->events.size() == 2);
  CHECK_FALSE(news->events[0].erased);
  CHECK(news->events[0].now == key_value{"/s/a", "hello", 5, 0});
  CHECK(news->events[1].erased);
  CHECK(news->events[1].now == key_value{"/s/b", "", 6, 0});
  auto over = decode_watch(
      R"({"result":{"header":{"raft_term":"2"},"canceled":true,"compact_revision":"13","cancel_reason":"gone"}})");
  REQUIRE(over.has_value());
  CHECK(over->canceled);
  CHECK(over->compacted == 13);
  CHECK(over->reason == "gone");
}

TEST_CASE("a transaction's reply says whether it was carried out, or what is there instead") {
  auto done = decode_txn(
      R"({"header":{"revision":"3"},"succeeded":true,"responses":[{"response_put":{"header":{"revision":"3"}}}]})");
  REQUIRE(done.has_value());
  CHECK(done->succeeded);
  CHECK(done->found.empty());
  auto refused = decode_txn(
      R"({"header":{"revision":"3"},"responses":[{"response_range":{"header":{"revision":"3"},)"
      R"("kvs":[{"key":"L3A=","create_revision":"3","mod_revision":"3","version":"1","value":"eA=="}],"count":"1"}}]})");
  REQUIRE(refused.has_value());
  CHECK_FALSE(refused->succeeded);
  CHECK(refused->found.at(0) == key_value{"/p", "x", 3, 0});
}

TEST_CASE("a lease's reply is read plain and streamed; one that ended has no time left") {
  auto granted = decode_lease(R"({"header":{"revision":"2"},"ID":"2324035540236945671","TTL":"60"})");
  REQUIRE(granted.has_value());
  CHECK(granted->id == 2324035540236945671);
  CHECK(granted->seconds == 60);
  auto gone = decode_lease("{\"result\":{\"header\":{\"revision\":\"2\"},\"ID\":\"123\"}}\n");
  REQUIRE(gone.has_value());
  CHECK(gone->id == 123);
  CHECK(gone->seconds == 0);
}

TEST_CASE("etcd's own words and their class come through, of a request and of a stream") {
  auto lease = failure_of(404, R"({"error":"etcdserver: requested lease not found",)"
                               R"("message":"etcdserver: requested lease not found","code":5})");
  CHECK(lease == error{errc::not_found, "etcdserver: requested lease not found"});
  auto compacted =
      failure_of(400, R"({"error":"e","message":"mvcc: required revision has been compacted","code":11})");
  CHECK(compacted.code == errc::stale);
  CHECK(failure_of(503, R"({"message":"etcdserver: no leader","code":14})").code == errc::unavailable);
  CHECK(failure_of(503, "<html>busy</html>") ==
        error{errc::unavailable, "HTTP status 503: <html>busy</html>"});
  CHECK(failure_of(404, "Not Found\n").message == "HTTP status 404: Not Found\n");
  auto streamed = decode_watch(
      R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader","http_status":"Service Unavailable"}})");
  CHECK(streamed.error() == error{errc::unavailable, "etcdserver: no leader"});
}

TEST_CASE("requests are what etcd's JSON API wants") {
  CHECK(encode({keys_under("/s/"), 1'000, 0, 0, false}) ==
        R"({"key":"L3Mv","range_end":"L3Mw","limit":"1000"})");
  CHECK(encode({{"a", ""}, 0, 4, 5, true}) ==
        R"({"key":"YQ==","revision":"4","min_mod_revision":"5","keys_only":true})");
  CHECK(encode_writes({{"a", "x", false}, {"b", "", true}}, 7) ==
        R"({"success":[{"request_put":{"key":"YQ==","value":"eA==","lease":"7"}},)"
        R"({"request_delete_range":{"key":"Yg=="}}]})");
  CHECK(encode_compare_and_put("a", 3, "x") ==
        R"({"compare":[{"key":"YQ==","target":"MOD","result":"EQUAL","mod_revision":"3"}],)"
        R"("success":[{"request_put":{"key":"YQ==","value":"eA=="}}],)"
        R"("failure":[{"request_range":{"key":"YQ=="}}]})");
  CHECK(encode_watch(keys_under("/s/"), 8) ==
        R"({"create_request":{"key":"L3Mv","range_end":"L3Mw","start_revision":"8"}})");
  CHECK(encode_lease_grant(300) == R"({"TTL":"300"})");
  CHECK(encode_lease_keep_alive(9) == R"({"ID":"9"})");
}

TEST_CASE("the range under a prefix ends before the next one, also when that carries") {
  CHECK(keys_under("a\xff").end == "b");
  CHECK(keys_under("\xff").end == std::string(1, '\0'));
}
