// What nodes and directories send each other. Positional structs: each carries `schema`, the version of its
// meaning, and `extra`, named fields that later versions add and older ones ignore. Values; any thread.
#pragma once

#include "actors/inspect.hpp"

#include <map>
#include <string>
#include <vector>

namespace sluice::actors {

constexpr std::uint16_t schema_version = 1;

/// Added to the first field of every message.
struct message_head {
  std::uint16_t schema = schema_version;
  std::map<std::string, std::string> extra; ///< at most `max_extra_fields`
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, message_head& x) {
  return f(caf::meta::type_name("sluice::message_head"), x.schema, x.extra,
           caf::meta::load_callback([&] { return accept_if(x.extra.size() <= max_extra_fields); }));
}

/// A node takes its place, once per connection.
struct register_request {
  message_head head;
  cluster::node_registration node;
};

struct register_answer {
  message_head head;
  node_id directory;
  std::uint64_t boot_nonce = 0; ///< the directory's
  bool warming = false;
};

struct heartbeat_request {
  message_head head;
  cluster::node_heartbeat beat;
};

struct heartbeat_answer {
  message_head head;
  std::vector<cluster::lost_stream> lost; ///< at most `max_message_streams`
};

struct leave_request {
  message_head head;
  node_id id;
  std::uint64_t boot_nonce = 0;
};

struct announce_request {
  message_head head;
  cluster::stream_announcement stream;
  std::uint64_t boot_nonce = 0; ///< of the origin
};

struct withdraw_request {
  message_head head;
  std::string key;
  epoch log_epoch;
};

/// Asks about one stream.
struct stream_query {
  message_head head;
  std::string key;
  std::string zone; ///< the asker's
  /// Digest of the list the asker goes by; 0: none. Under the same list the answer leaves `head` and `order`
  /// out: the asker's are the same.
  std::uint64_t list = 0;
};

struct enumerate_answer {
  message_head head;
  cluster::enumeration found;
};

struct recall_answer {
  message_head head;
  cluster::stream_recall known;
};

struct snapshot_update {
  message_head head;
  cluster::published_snapshot published;
};

struct overview_answer {
  message_head head;
  cluster::directory_overview overview;
};

/// An operator changes the policy; answered with what is in force then.
struct change_request {
  message_head head;
  cluster::policy_change change;
};

/// A node knows a newer policy than the directory had told it.
struct policy_offer {
  message_head head;
  cluster::policy rules;
};

/// How busy the relays of a directory's list are, each second.
struct load_update {
  message_head head;
  node_id directory;
  cluster::load_digest loads;
};

/// Asks for the part of a list that follows the id or key `after`.
struct page_query {
  message_head head;
  std::string after;
};

struct stream_page {
  message_head head;
  std::vector<cluster::stream_announcement> streams;
  bool more = false; ///< ask again, after the last one's key
};

struct node_page {
  message_head head;
  std::vector<cluster::node_view> nodes;
  bool more = false; ///< ask again, after the last one's id
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, register_request& x) {
  return f(caf::meta::type_name("sluice::register_request"), x.head, x.node);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, register_answer& x) {
  return f(caf::meta::type_name("sluice::register_answer"), x.head, x.directory, x.boot_nonce, x.warming);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, heartbeat_answer& x) {
  return f(caf::meta::type_name("sluice::heartbeat_answer"), x.head, x.lost,
           caf::meta::load_callback([&] { return accept_if(x.lost.size() <= max_message_streams); }));
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, heartbeat_request& x) {
  return f(caf::meta::type_name("sluice::heartbeat_request"), x.head, x.beat);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, leave_request& x) {
  return f(caf::meta::type_name("sluice::leave_request"), x.head, x.id, x.boot_nonce);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, announce_request& x) {
  return f(caf::meta::type_name("sluice::announce_request"), x.head, x.stream, x.boot_nonce);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, withdraw_request& x) {
  return f(caf::meta::type_name("sluice::withdraw_request"), x.head, x.key, x.log_epoch);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stream_query& x) {
  return f(caf::meta::type_name("sluice::stream_query"), x.head, x.key, x.zone, x.list);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, enumerate_answer& x) {
  return f(caf::meta::type_name("sluice::enumerate_answer"), x.head, x.found);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, recall_answer& x) {
  return f(caf::meta::type_name("sluice::recall_answer"), x.head, x.known);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, snapshot_update& x) {
  return f(caf::meta::type_name("sluice::snapshot_update"), x.head, x.published);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, overview_answer& x) {
  return f(caf::meta::type_name("sluice::overview_answer"), x.head, x.overview);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, change_request& x) {
  return f(caf::meta::type_name("sluice::change_request"), x.head, x.change);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, policy_offer& x) {
  return f(caf::meta::type_name("sluice::policy_offer"), x.head, x.rules);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, load_update& x) {
  return f(caf::meta::type_name("sluice::load_update"), x.head, x.directory, x.loads);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, page_query& x) {
  return f(caf::meta::type_name("sluice::page_query"), x.head, x.after);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stream_page& x) {
  return f(caf::meta::type_name("sluice::stream_page"), x.head, x.streams, x.more,
           caf::meta::load_callback([&] { return accept_if(x.streams.size() <= max_message_streams); }));
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_page& x) {
  return f(caf::meta::type_name("sluice::node_page"), x.head, x.nodes, x.more,
           caf::meta::load_callback([&] { return accept_if(x.nodes.size() <= max_message_nodes); }));
}

} // namespace sluice::actors
