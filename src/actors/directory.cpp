#include "actors/directory.hpp"

#include "actors/node_context.hpp"
#include "cluster/snapshot.hpp"

#include <algorithm>

namespace sluice::actors {

namespace {

/// A pushed list above this could not pass the guard (1 MiB with the rest of the message).
constexpr std::size_t max_pushed_list = 900u << 10;

/// Thousands of watchers are told little by little, within half the period of loads: answers to whoever asks
/// would wait behind them all, and each would have a list waiting in memory to be sent.
constexpr std::chrono::milliseconds round_pause{5};
constexpr std::size_t least_told = 64;

caf::result<void> done_or(const result<void>& outcome) {
  if (outcome) return caf::unit;
  return to_caf(outcome.error());
}

std::size_t weight(const cluster::node_view& n) {
  return 128 + n.id.size() + n.zone.size() + n.trunk_address.size() + n.public_url.size() + n.version.size();
}

std::size_t weight(const cluster::stream_announcement& s) {
  return 96 + s.key.size() + s.origin.size();
}

const std::string& position(const cluster::node_view& n) {
  return n.id;
}
const std::string& position(const cluster::stream_announcement& s) {
  return s.key;
}

// Moves the part of the sorted `all` that follows `after` into `part`; true when something is left over.
template <class T>
bool take_page(std::vector<T> all, const std::string& after, std::vector<T>& part) {
  auto at = std::find_if(all.begin(), all.end(), [&](const T& one) { return position(one) > after; });
  for (std::size_t bytes = 0; at != all.end() && bytes < max_page_bytes; ++at) {
    bytes += weight(*at);
    part.push_back(std::move(*at));
  }
  return at != all.end();
}

} // namespace

cluster::directory_state::time_point directory_actor_state::now() const {
  return self->clock().now();
}

caf::result<register_answer> directory_actor_state::enter(const register_request& request) {
  if (auto ok = directory->register_node(request.node, now()); !ok) {
    config.log.warn("node refused", "reason", ok.error().message);
    return to_caf(ok.error());
  }
  config.log.info("node registered", "id", request.node.id, "role", cluster::name(request.node.role));
  register_answer answer;
  answer.directory = config.options.id;
  answer.boot_nonce = config.options.boot_nonce;
  answer.warming = directory->warming(now());
  return answer;
}

caf::result<heartbeat_answer> directory_actor_state::heartbeat(const heartbeat_request& request) {
  if (auto renewed = directory->heartbeat(request.beat, now()); !renewed) return to_caf(renewed.error());
  heartbeat_answer answer;
  answer.lost = directory->lost_streams(request.beat);
  return answer;
}

caf::result<void> directory_actor_state::announce(const announce_request& request) {
  return done_or(directory->announce(request.stream, request.boot_nonce, unix_ms_now(), now()));
}

caf::result<void> directory_actor_state::withdraw(const withdraw_request& request) {
  auto key = stream_key::parse(request.key);
  if (!key) return to_caf(key.error());
  directory->withdraw(*key, request.log_epoch, now());
  return caf::unit;
}

caf::result<enumerate_answer> directory_actor_state::enumerate(const stream_query& query) {
  auto key = stream_key::parse(query.key);
  if (!key) return to_caf(key.error());
  enumerate_answer answer;
  answer.found = directory->enumerate(*key, query.zone, now());
  if (query.list != 0 && query.list == answer.found.digest) {
    answer.found.head.clear();
    answer.found.order.clear();
  }
  if (answer.found.order.size() > max_answer_ranks) answer.found.order.resize(max_answer_ranks);
  return answer;
}

caf::result<recall_answer> directory_actor_state::recall(const stream_query& query) const {
  auto key = stream_key::parse(query.key);
  if (!key) return to_caf(key.error());
  recall_answer answer;
  answer.known = directory->recall(*key, now());
  return answer;
}

stream_page directory_actor_state::streams_after(const std::string& key) const {
  stream_page page;
  page.more = take_page(directory->streams(), key, page.streams);
  return page;
}

node_page directory_actor_state::nodes_after(const std::string& id) const {
  node_page page;
  page.more = take_page(directory->nodes(now()), id, page.nodes);
  return page;
}

caf::result<snapshot_update> directory_actor_state::watch(const watcher_actor& who) {
  if (auto bytes = list_size(); bytes > max_pushed_list)
    return to_caf(error{errc::too_large, fmt::format("the relay list has {} bytes, {} at most can be sent",
                                                     bytes, max_pushed_list)});
  if (watchers.emplace(who.address(), who).second) self->monitor(who);
  return published();
}

snapshot_update directory_actor_state::published() {
  snapshot_update update;
  update.published = directory->publish(now());
  update.published.store_lost = store_lost;
  return update;
}

void directory_actor_state::forget(const caf::actor_addr& who) {
  watchers.erase(who);
}

void directory_actor_state::step() {
  directory->advance(now());
  tell_store();
  push();
  tell_left_out();
  tell_frozen();
  tell_loads();
}

void directory_actor_state::tell_left_out() const {
  config.gauges->untracked_streams = directory->untracked_streams();
  auto count = directory->relays_left_out();
  if (config.gauges->relays_left_out.exchange(count) == count) return;
  config.log.warn("relays left out of the list", "count", count, "most", cluster::max_relays);
}

void directory_actor_state::tell_frozen() {
  bool frozen = directory->frozen();
  if (config.gauges->frozen.exchange(frozen) == frozen) return;
  if (frozen)
    config.log.warn("relay list frozen: most relays fell silent at once and are kept", "relays",
                    directory->list().relays.size());
  else
    config.log.info("relay list no longer frozen");
}

std::size_t directory_actor_state::list_size() {
  return cluster::canonical_form(directory->list()).size();
}

void directory_actor_state::push() {
  bool warming = directory->warming(now());
  if (directory->list_revision() == told && warming == told_warming && store_lost == told_store_lost) return;
  told = directory->list_revision();
  told_warming = warming;
  told_store_lost = store_lost;
  if (auto bytes = list_size(); bytes > max_pushed_list) {
    config.log.error("relay list too large to push", "bytes", bytes, "most", max_pushed_list);
    list_round.open = false;
    return;
  }
  begin(list_round);
}

void directory_actor_state::tell_loads() {
  if (loads_round.open || now() - loads_told < config.load_period) return;
  loads_told = now();
  load_update update;
  update.directory = config.options.id;
  update.loads = directory->loads();
  if (update.loads.levels.empty()) return;
  loads = caf::make_message(std::move(update));
  begin(loads_round);
}

void directory_actor_state::begin(round& news) {
  news = {true, nullptr};
  if (!goes_on) tell_more();
}

// A list is told as it is by now: one who began to watch meanwhile knows no newer one.
void directory_actor_state::tell_more() {
  if (list_round.open) tell_some(list_round, caf::make_message(published()));
  if (loads_round.open) tell_some(loads_round, loads);
  goes_on = list_round.open || loads_round.open;
  if (goes_on) self->delayed_send(self, round_pause, more_atom_v);
}

// One message for some: its content is shared, not copied per watcher.
void directory_actor_state::tell_some(round& news, const caf::message& what) {
  auto pauses = static_cast<std::size_t>(std::max<std::int64_t>(config.load_period / 2 / round_pause, 1));
  auto some = std::max(least_told, watchers.size() / pauses + 1);
  auto next = watchers.upper_bound(news.told_to);
  for (; next != watchers.end() && some > 0; ++next, --some) {
    caf::anon_send(caf::actor_cast<caf::actor>(next->second), what);
    news.told_to = next->first;
  }
  news.open = next != watchers.end();
}

void directory_actor_state::tell_store() {
  if (!config.store) return;
  auto changes_here = directory->take_store_changes(now());
  for (auto& relay : changes_here.put)
    config.store->put_relay(std::move(relay));
  for (auto& id : changes_here.removed)
    config.store->remove_relay(std::move(id));
}

directory_actor::behavior_type directory(directory_actor::stateful_pointer<directory_actor_state> self,
                                         directory_config config) {
  auto& state = self->state;
  state.self = self;
  state.config = std::move(config);
  state.directory.emplace(state.config.options, state.now());
  state.told = state.directory->list_revision();
  if (state.config.store) {
    state.store_lost = state.told_store_lost = true;
    self->attach_functor([store = state.config.store] { store->close(); });
    state.config.store->open(caf::actor_cast<directory_actor>(self));
  }
  self->set_down_handler([self](caf::down_msg& dm) { self->state.forget(dm.source); });
  self->delayed_send(self, state.config.step, step_atom_v);
  return {
      [self](register_atom, const register_request& r) { return self->state.enter(r); },
      [self](heartbeat_atom, const heartbeat_request& r) { return self->state.heartbeat(r); },
      [self](leave_atom, const leave_request& r) {
        return done_or(self->state.directory->leave(r.id, r.boot_nonce, self->state.now()));
      },
      [self](announce_atom, const announce_request& r) { return self->state.announce(r); },
      [self](withdraw_atom, const withdraw_request& r) { return self->state.withdraw(r); },
      [self](enumerate_atom, const stream_query& q) { return self->state.enumerate(q); },
      [self](recall_atom, const stream_query& q) { return self->state.recall(q); },
      [self](streams_atom, const page_query& q) { return self->state.streams_after(q.after); },
      [self](nodes_atom, const page_query& q) { return self->state.nodes_after(q.after); },
      [self](overview_atom) { return self->state.overview(); },
      [self](watch_atom, const watcher_actor& who) { return self->state.watch(who); },
      [self](change_atom, const change_request& r) { return self->state.change(r); },
      [self](thaw_atom) { return self->state.thaw(); },
      [self](offer_atom, const policy_offer& r) { self->state.offer(r.rules); },
      [self](store_atom) { self->state.hear_store(); },
      [self](more_atom) {
        self->state.goes_on = false;
        self->state.tell_more();
      },
      [self](step_atom) {
        self->state.step();
        self->delayed_send(self, self->state.config.step, step_atom_v);
      },
  };
}

} // namespace sluice::actors
