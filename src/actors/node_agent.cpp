#include "actors/node_agent.hpp"

#include "actors/directory_link.hpp"
#include "actors/list_file.hpp"
#include "cluster/algorithm.hpp"

#include <algorithm>

namespace sluice::actors {

namespace {

/// How often time passes for the merged list, and a changed list is written to disk.
constexpr std::chrono::milliseconds agent_step{500};
/// A directory that still tells of a policy that lacks changes is offered the same again after this.
constexpr std::chrono::milliseconds offer_again{2000};

} // namespace

void agent_state::start() {
  view.emplace(config.node->limits.lease_period);
  restore();
  auto add_link = [this](std::size_t index, std::string address, directory_actor local) {
    link_config link;
    link.node = config.node;
    link.index = index;
    link.address = std::move(address);
    link.local = std::move(local);
    link.agent = caf::actor_cast<agent_actor>(self);
    links.push_back(self->spawn<caf::linked>(directory_link, std::move(link)));
  };
  const auto& addresses = config.node->directories;
  for (std::size_t i = 0; i < addresses.size(); ++i)
    add_link(i, addresses[i], directory_actor());
  if (config.local) add_link(addresses.size(), "this node", config.local);
  self->delayed_send(self, agent_step, step_atom_v);
}

void agent_state::restore() {
  if (config.node->list_file.empty()) return;
  auto saved = load_list(config.node->list_file);
  if (saved) {
    view->restore(std::move(saved->list));
    show(saved->saved_unix_ms);
    unsaved = false;
  } else if (saved.error().code != errc::not_found) {
    config.node->log.warn("no saved relay list", "reason", saved.error().message);
  }
}

void agent_state::directory_up(const directory_actor& directory, const snapshot_update& first) {
  peer fresh;
  fresh.id = first.published.at.directory;
  fresh.door = directory;
  connected.insert_or_assign(directory.address(), std::move(fresh));
  self->send(config.locator, up_atom_v, directory);
  heard(first);
}

void agent_state::directory_down(const directory_actor& directory, const std::string&) {
  self->send(config.locator, down_atom_v, directory);
  auto found = connected.find(directory.address());
  if (found == connected.end()) return;
  auto id = found->second.id;
  connected.erase(found);
  if (std::any_of(connected.begin(), connected.end(), [&](const auto& one) { return one.second.id == id; }))
    return;
  if (view->lost(id, now())) show(unix_ms_now());
  if (connected.empty()) report_all_lost();
}

void agent_state::heard(const snapshot_update& update) {
  auto changed = view->update(update.published, now());
  if (!changed) {
    if (changed.error().code != errc::stale)
      config.node->log.warn("relay list refused", "directory", update.published.at.directory, "reason",
                            changed.error().message);
    return;
  }
  if (*changed || !shown) show(unix_ms_now());
  config.node->board->set_store_lost(view->store_lost());
  offer_policy();
}

void agent_state::heard_loads(const load_update& update) {
  if (!config.node->data || !view->update_loads(update.directory, update.loads)) return;
  if (view->loads() == shown_loads) return;
  shown_loads = view->loads();
  config.node->board->set_loads(shown_loads);
  config.node->data->loads_changed(shown_loads);
}

void agent_state::offer_policy() {
  for (auto& [address, one] : connected) {
    const auto* rules = view->policy_for(one.id);
    if (!rules || (one.offered == *rules && now() - one.offered_at < offer_again)) continue;
    one.offered = *rules;
    one.offered_at = now();
    policy_offer offer;
    offer.rules = *rules;
    self->send(one.door, offer_atom_v, std::move(offer));
  }
}

void agent_state::step() {
  if (view->advance(now())) show(unix_ms_now());
  offer_policy();
  save();
  self->delayed_send(self, agent_step, step_atom_v);
}

void agent_state::show(std::uint64_t unix_ms) {
  if (!view->has_snapshot()) return;
  const auto& list = view->effective();
  bool first = !std::exchange(shown, true);
  config.node->board->set_list(std::make_shared<const cluster::snapshot>(list), unix_ms);
  if (!first && list.digest == shown_digest) return;
  shown_digest = list.digest;
  unsaved = true;
  config.node->log.info("relay list", "relays", list.relays.size(), "digest",
                        fmt::format("{:016x}", list.digest));
  note_algorithm(list.rules.algorithm);
  if (config.node->data) config.node->data->snapshot_changed(list.digest);
}

void agent_state::note_algorithm(const std::string& in_force) {
  if (std::exchange(shown_algorithm, in_force) == in_force) return;
  if (auto known = cluster::find_algorithm(in_force); !known)
    config.node->log.warn("directories alone rank the relays", "reason", known.error().message);
}

void agent_state::save() {
  if (!unsaved || config.node->list_file.empty()) return;
  unsaved = false;
  if (auto ok = save_list(config.node->list_file, view->effective()); !ok)
    config.node->log.warn("relay list not saved", "reason", ok.error().message);
}

void agent_state::report_all_lost() const {
  auto status = config.node->board->read();
  std::string reasons;
  for (const auto& one : status.directories)
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : ", ", one.address, one.problem);
  auto age = (unix_ms_now() - std::min(unix_ms_now(), status.snapshot_unix_ms)) / 1000;
  config.node->log.warn("no directory answers; going on with the last relay list", "reasons", reasons,
                        "list_age_s", age);
}

caf::result<bool> agent_state::leave() {
  auto promise = self->make_response_promise<bool>();
  auto left = std::make_shared<std::size_t>(links.size());
  auto one_done = [left, promise]() mutable {
    if (--*left == 0) promise.deliver(true);
  };
  if (links.empty()) return false;
  for (const auto& link : links)
    self->request(link, config.node->limits.leave * 2, leave_atom_v)
        .then([one_done](bool) mutable { one_done(); },
              [one_done](const caf::error&) mutable { one_done(); });
  return promise;
}

agent_actor::behavior_type node_agent(agent_actor::stateful_pointer<agent_state> self, agent_config config) {
  self->state.self = self;
  self->state.config = std::move(config);
  self->state.start();
  auto to_links = [self](auto... parts) {
    for (const auto& link : self->state.links)
      self->send(link, parts...);
  };
  return {
      [self](up_atom, const directory_actor& d, const snapshot_update& first) {
        self->state.directory_up(d, first);
      },
      [self](const snapshot_update& update) { self->state.heard(update); },
      [self](const load_update& update) { self->state.heard_loads(update); },
      [self](down_atom, const directory_actor& d, const std::string& why) {
        self->state.directory_down(d, why);
      },
      [self](step_atom) { self->state.step(); },
      [to_links](announce_atom, const announce_request& r) { to_links(announce_atom_v, r); },
      [to_links](withdraw_atom, const withdraw_request& r) { to_links(withdraw_atom_v, r); },
      [to_links](drain_atom, bool draining) { to_links(drain_atom_v, draining); },
      [self](leave_atom) { return self->state.leave(); },
  };
}

} // namespace sluice::actors
