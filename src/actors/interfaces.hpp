// Every typed interface of the control plane. `directory_actor` and `watcher_actor` are spoken between
// nodes; the others stay within one.
#pragma once

#include "actors/messages.hpp"

#include <caf/all.hpp>

CAF_BEGIN_TYPE_ID_BLOCK(sluice, first_custom_type_id)

CAF_ADD_TYPE_ID(sluice, (sluice::actors::register_request))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::register_answer))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::heartbeat_request))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::heartbeat_answer))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::leave_request))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::announce_request))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::withdraw_request))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::stream_query))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::enumerate_answer))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::recall_answer))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::snapshot_update))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::page_query))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::stream_page))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::node_page))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::overview_answer))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::change_request))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::policy_offer))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::load_update))

CAF_ADD_ATOM(sluice, sluice::actors, register_atom, "register")
CAF_ADD_ATOM(sluice, sluice::actors, heartbeat_atom, "heartbeat")
CAF_ADD_ATOM(sluice, sluice::actors, leave_atom, "leave")
CAF_ADD_ATOM(sluice, sluice::actors, announce_atom, "announce")
CAF_ADD_ATOM(sluice, sluice::actors, withdraw_atom, "withdraw")
CAF_ADD_ATOM(sluice, sluice::actors, enumerate_atom, "enumerate")
CAF_ADD_ATOM(sluice, sluice::actors, recall_atom, "recall")
CAF_ADD_ATOM(sluice, sluice::actors, watch_atom, "watch")
CAF_ADD_ATOM(sluice, sluice::actors, streams_atom, "streams")
CAF_ADD_ATOM(sluice, sluice::actors, nodes_atom, "nodes")
CAF_ADD_ATOM(sluice, sluice::actors, overview_atom, "overview")
CAF_ADD_ATOM(sluice, sluice::actors, change_atom, "change")
CAF_ADD_ATOM(sluice, sluice::actors, offer_atom, "offer")
CAF_ADD_ATOM(sluice, sluice::actors, thaw_atom, "thaw")
CAF_ADD_ATOM(sluice, sluice::actors, store_atom, "store")
CAF_ADD_ATOM(sluice, sluice::actors, drain_atom, "drain")
CAF_ADD_ATOM(sluice, sluice::actors, step_atom, "step")
CAF_ADD_ATOM(sluice, sluice::actors, more_atom, "more")
CAF_ADD_ATOM(sluice, sluice::actors, dial_atom, "dial")
CAF_ADD_ATOM(sluice, sluice::actors, up_atom, "up")
CAF_ADD_ATOM(sluice, sluice::actors, down_atom, "down")

CAF_END_TYPE_ID_BLOCK(sluice)

CAF_ERROR_CODE_ENUM(sluice::errc, "sluice")

namespace sluice::actors {

/// Is told of every new list of a directory it watches, and of its relays' loads each second.
using watcher_actor = caf::typed_actor<caf::reacts_to<snapshot_update>, caf::reacts_to<load_update>>;

/// One directory. Errors are `errc` with a sentence, as `cluster::directory_state` gives them.
using directory_actor =
    caf::typed_actor<caf::replies_to<register_atom, register_request>::with<register_answer>,
                     caf::replies_to<heartbeat_atom, heartbeat_request>::with<heartbeat_answer>,
                     caf::replies_to<leave_atom, leave_request>::with<void>,
                     caf::replies_to<announce_atom, announce_request>::with<void>,
                     caf::replies_to<withdraw_atom, withdraw_request>::with<void>,
                     caf::replies_to<enumerate_atom, stream_query>::with<enumerate_answer>,
                     caf::replies_to<recall_atom, stream_query>::with<recall_answer>,
                     caf::replies_to<streams_atom, page_query>::with<stream_page>,
                     caf::replies_to<nodes_atom, page_query>::with<node_page>,
                     caf::replies_to<overview_atom>::with<overview_answer>,
                     caf::replies_to<change_atom, change_request>::with<overview_answer>,
                     caf::replies_to<thaw_atom>::with<bool>, caf::reacts_to<offer_atom, policy_offer>,
                     caf::replies_to<watch_atom, watcher_actor>::with<snapshot_update>,
                     caf::reacts_to<store_atom>, caf::reacts_to<step_atom>, caf::reacts_to<more_atom>>;

/// A node's connection to one directory: dials, registers, beats, announces, watches.
using link_actor = watcher_actor::extend<
    caf::reacts_to<dial_atom>, caf::reacts_to<heartbeat_atom, std::uint64_t>,
    caf::reacts_to<up_atom, caf::strong_actor_ptr>, caf::reacts_to<down_atom, std::string>,
    caf::reacts_to<announce_atom, announce_request>, caf::reacts_to<withdraw_atom, withdraw_request>,
    caf::reacts_to<drain_atom, bool>, caf::replies_to<leave_atom>::with<bool>>;

/// A node's agent: merges what its links hear, keeps the list on disk, passes announcements on.
using agent_actor =
    caf::typed_actor<caf::reacts_to<up_atom, directory_actor, snapshot_update>,
                     caf::reacts_to<snapshot_update>, caf::reacts_to<load_update>,
                     caf::reacts_to<down_atom, directory_actor, std::string>, caf::reacts_to<step_atom>,
                     caf::reacts_to<announce_atom, announce_request>,
                     caf::reacts_to<withdraw_atom, withdraw_request>, caf::reacts_to<drain_atom, bool>,
                     caf::replies_to<leave_atom>::with<bool>>;

/// Answers a node's questions from its directories, or from the last list.
using locator_actor =
    caf::typed_actor<caf::reacts_to<up_atom, directory_actor>, caf::reacts_to<down_atom, directory_actor>,
                     caf::replies_to<enumerate_atom, std::string>::with<enumerate_answer>,
                     caf::replies_to<recall_atom, std::string>::with<recall_answer>,
                     caf::replies_to<streams_atom>::with<stream_page>,
                     caf::replies_to<nodes_atom>::with<node_page>,
                     caf::reacts_to<step_atom, std::uint64_t, std::uint64_t>>;

/// A failure of ours as CAF carries it, and back; CAF's own failures become `timed_out` or `unavailable`.
caf::error to_caf(const error& e);
error from_caf(const caf::error& e);

} // namespace sluice::actors
