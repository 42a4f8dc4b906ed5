#include "net/store/etcd_json.hpp"

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "net/store/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::net::etcd {

namespace json = boost::json;

namespace {

constexpr std::size_t max_quoted = 200; // of an answer that is no JSON

json::string base64(std::string_view bytes) {
  auto text = to_base64(as_bytes(bytes));
  return json::string(text.data(), text.size());
}

json::string number(std::uint64_t value) {
  auto text = std::to_string(value);
  return json::string(text.data(), text.size());
}

json::object put(std::string_view key, std::string_view value, std::uint64_t lease) {
  json::object out{{"key", base64(key)}, {"value", base64(value)}};
  if (lease != 0) out["lease"] = number(lease);
  return {{"request_put", std::move(out)}};
}

key_value read_key_value(json_fields& in) {
  key_value out;
  out.key = in.bytes("key");
  out.value = in.bytes("value");
  out.mod_revision = in.number("mod_revision");
  out.lease = in.number("lease");
  if (out.key.empty()) in.need("key");
  return out;
}

std::vector<key_value> read_key_values(json_fields& in) {
  std::vector<key_value> out;
  const auto* items = in.list("kvs");
  if (!items) return out;
  out.reserve(items->size());
  for (const auto& item : *items) {
    json_fields one(item, fmt::format("{}: kvs[{}]", in.where(), out.size()));
    out.push_back(read_key_value(one));
    in.note(one.problem());
  }
  return out;
}

std::uint64_t read_revision(json_fields& in) {
  const auto* header = in.need("header");
  if (!header) return 0;
  json_fields inside(*header, in.where() + ": header");
  auto revision = inside.number("revision");
  in.note(inside.problem());
  return revision;
}

result<json::value> parse_bounded(std::string_view what, std::string_view body) {
  if (body.size() > max_body)
    return error{errc::too_large, fmt::format("{}: {} bytes; at most {}", what, body.size(), max_body)};
  return parse_json(what, body);
}

watch_event read_event(json_fields& in) {
  watch_event out;
  auto type = in.text("type");
  out.erased = type == "DELETE";
  if (!type.empty() && type != "PUT" && !out.erased) in.wrong("type", "PUT or DELETE");
  if (const auto* value = in.need("kv")) {
    json_fields inside(*value, in.where() + ": kv");
    out.now = read_key_value(inside);
    in.note(inside.problem());
  }
  return out;
}

/// gRPC's status codes, as far as they tell apart what to do.
errc class_of(std::uint64_t grpc_code) {
  switch (grpc_code) {
  case 3:
    return errc::bad_argument;
  case 5:
    return errc::not_found;
  case 7:
  case 16:
    return errc::unauthorized;
  case 11: // out of range: etcd's word for a revision that was compacted
    return errc::stale;
  case 4:
  case 8:
  case 14:
    return errc::unavailable;
  default:
    return errc::io;
  }
}

error described(json_fields& in, std::string_view code_field) {
  auto code = in.number(code_field);
  auto message = in.text("message");
  return {class_of(code), message.empty() ? fmt::format("etcd's error {}", code) : message};
}

} // namespace

key_range keys_under(std::string_view prefix) {
  key_range out{std::string(prefix), std::string(prefix)};
  while (!out.end.empty() && static_cast<unsigned char>(out.end.back()) == 0xff)
    out.end.pop_back();
  if (out.end.empty())
    out.end.assign(1, '\0'); // etcd's way to say: to the last key
  else
    out.end.back() = static_cast<char>(out.end.back() + 1);
  return out;
}

std::string encode(const range_question& asked) {
  json::object out{{"key", base64(asked.keys.first)}};
  if (!asked.keys.end.empty()) out["range_end"] = base64(asked.keys.end);
  if (asked.limit != 0) out["limit"] = number(asked.limit);
  if (asked.at_revision != 0) out["revision"] = number(asked.at_revision);
  if (asked.changed_since != 0) out["min_mod_revision"] = number(asked.changed_since);
  if (asked.without_values) out["keys_only"] = true;
  return json::serialize(out);
}

result<range_reply> decode_range(std::string_view body) {
  auto root = parse_bounded("range reply", body);
  if (!root) return root.error();
  json_fields in(*root, "range reply");
  range_reply out;
  out.revision = read_revision(in);
  out.found = read_key_values(in);
  out.more = in.flag("more");
  out.count = in.number("count");
  if (in.problem()) return *in.problem();
  return out;
}

std::string encode_writes(const std::vector<write>& writes, std::uint64_t lease) {
  json::array operations;
  for (const auto& one : writes) {
    if (one.erase)
      operations.push_back(json::object{{"request_delete_range", json::object{{"key", base64(one.key)}}}});
    else
      operations.push_back(put(one.key, one.value, lease));
  }
  return json::serialize(json::object{{"success", std::move(operations)}});
}

std::string encode_compare_and_put(std::string_view key, std::uint64_t mod_revision, std::string_view value) {
  json::object compare{
      {"key", base64(key)}, {"target", "MOD"}, {"result", "EQUAL"}, {"mod_revision", number(mod_revision)}};
  json::object read{{"request_range", json::object{{"key", base64(key)}}}};
  json::object out;
  out["compare"] = json::array{std::move(compare)};
  out["success"] = json::array{put(key, value, 0)};
  out["failure"] = json::array{std::move(read)};
  return json::serialize(out);
}

result<txn_reply> decode_txn(std::string_view body) {
  auto root = parse_bounded("transaction reply", body);
  if (!root) return root.error();
  json_fields in(*root, "transaction reply");
  txn_reply out;
  out.revision = read_revision(in);
  out.succeeded = in.flag("succeeded");
  if (const auto* responses = in.list("responses")) {
    for (const auto& item : *responses) {
      json_fields response(item, "transaction reply: responses");
      if (const auto* range = response.find("response_range")) {
        json_fields inside(*range, "transaction reply: response_range");
        auto found = read_key_values(inside);
        std::move(found.begin(), found.end(), std::back_inserter(out.found));
        in.note(inside.problem());
      }
      in.note(response.problem());
    }
  }
  if (in.problem()) return *in.problem();
  return out;
}

std::string encode_lease_grant(std::uint64_t seconds) {
  return json::serialize(json::object{{"TTL", number(seconds)}});
}

std::string encode_lease_keep_alive(std::uint64_t lease) {
  return json::serialize(json::object{{"ID", number(lease)}});
}

result<lease_reply> decode_lease(std::string_view body) {
  // The stream's only line ends like all lines do.
  while (body.ends_with('\n'))
    body.remove_suffix(1);
  auto root = parse_bounded("lease reply", body);
  if (!root) return root.error();
  json_fields in(*root, "lease reply");
  const auto* streamed = in.find("result");
  json_fields inside(streamed ? *streamed : *root, "lease reply");
  lease_reply out;
  out.id = inside.number("ID");
  out.seconds = inside.number("TTL");
  if (out.id == 0) inside.need("ID");
  if (inside.problem()) return *inside.problem();
  return out;
}

std::string encode_watch(const key_range& keys, std::uint64_t from_revision) {
  json::object create{{"key", base64(keys.first)},
                      {"range_end", base64(keys.end)},
                      {"start_revision", number(from_revision)}};
  return json::serialize(json::object{{"create_request", std::move(create)}});
}

result<watch_reply> decode_watch(std::string_view line) {
  auto root = parse_bounded("watch reply", line);
  if (!root) return root.error();
  json_fields outer(*root, "watch reply");
  if (outer.find("error")) return failure_of(200, line);
  const auto* inner = outer.need("result");
  if (!inner) return *outer.problem();
  json_fields in(*inner, "watch reply");
  watch_reply out;
  out.revision = read_revision(in);
  out.created = in.flag("created");
  out.canceled = in.flag("canceled");
  out.compacted = in.number("compact_revision");
  out.reason = in.text("cancel_reason");
  if (const auto* events = in.list("events")) {
    out.events.reserve(events->size());
    for (const auto& item : *events) {
      json_fields one(item, fmt::format("watch reply: events[{}]", out.events.size()));
      out.events.push_back(read_event(one));
      in.note(one.problem());
    }
  }
  if (in.problem()) return *in.problem();
  return out;
}

error failure_of(unsigned http_status, std::string_view body) {
  error unreadable{http_status >= 500 ? errc::unavailable : errc::io,
                   fmt::format("HTTP status {}: {}", http_status, body.substr(0, max_quoted))};
  if (body.size() > max_body) return unreadable;
  auto root = parse_json("error", body);
  if (!root || !root->is_object()) return unreadable;
  json_fields in(*root, "error");
  // A request's failure is flat, a stream's is an object.
  const auto* inside = in.find("error");
  if (inside && inside->is_object()) {
    json_fields nested(*inside, "error");
    return described(nested, "grpc_code");
  }
  if (!in.find("code")) return unreadable;
  return described(in, "code");
}

} // namespace sluice::net::etcd
