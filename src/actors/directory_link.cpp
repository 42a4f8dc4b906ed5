#include "actors/directory_link.hpp"

#include "actors/dial_gate.hpp"

#include <algorithm>

namespace sluice::actors {

namespace {

template <class T>
std::vector<T> at_most(std::size_t most, std::vector<T> all) {
  if (all.size() > most) all.erase(all.begin() + static_cast<std::ptrdiff_t>(most), all.end());
  return all;
}

cluster::pull_counts largest(cluster::pull_counts all) {
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return at_most(cluster::max_pulls_reported, std::move(all));
}

} // namespace

std::chrono::milliseconds link_state::jittered(std::chrono::milliseconds span, double share) {
  std::uniform_real_distribution<double> factor(1 - share, 1 + share);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(span.count()) * factor(random)));
}

void link_state::attempt() {
  waiting = false;
  if (directory)
    enter();
  else if (config.local)
    connected(caf::actor_cast<caf::strong_actor_ptr>(config.local));
  else
    gate->dial(*config.node->sockets, config.address);
}

void link_state::connected(const caf::strong_actor_ptr& peer) {
  directory = caf::actor_cast<directory_actor>(peer);
  self->monitor(directory);
  enter();
}

void link_state::enter() {
  register_request request;
  request.node = config.node->self;
  auto asked = directory;
  self->request(directory, config.node->limits.request, register_atom_v, std::move(request))
      .then(
          [this, asked](const register_answer&) {
            if (asked == directory) watch();
          },
          [this, asked](const caf::error& e) {
            if (asked == directory) failed("registering: " + from_caf(e).message);
          });
}

void link_state::watch() {
  auto asked = directory;
  self->request(directory, config.node->limits.request, watch_atom_v, caf::actor_cast<watcher_actor>(self))
      .then(
          [this, asked](const snapshot_update& first) {
            if (asked == directory) go_online(first);
          },
          [this, asked](const caf::error& e) {
            if (asked == directory) failed("watching: " + from_caf(e).message);
          });
}

void link_state::go_online(const snapshot_update& first) {
  online = true;
  pause = config.node->limits.redial_least;
  config.node->board->heard(config.index, unix_ms_now());
  config.node->log.info("directory connected", "directory", config.address, "id",
                        first.published.at.directory);
  for (const auto& [key, stream] : withdrawn)
    send_withdrawal(stream);
  for (const auto& [key, stream] : streams)
    send_announcement(stream);
  self->send(config.agent, up_atom_v, directory, first);
  beat(++beats);
}

void link_state::beat(std::uint64_t series) {
  // Timers of an earlier connection run out here.
  if (!online || series != beats) return;
  send_beat();
  self->delayed_send(self, jittered(config.node->limits.heartbeat, 0.1), heartbeat_atom_v, series);
}

void link_state::send_beat() {
  heartbeat_request request;
  auto& beat = request.beat;
  beat.id = config.node->self.id;
  beat.boot_nonce = config.node->self.boot_nonce;
  beat.draining = draining;
  if (const auto* data = config.node->data) {
    beat.load = data->load();
    beat.timestamps = at_most(max_message_streams, data->timestamps());
    beat.failing = at_most(cluster::max_failing_reported, data->failing());
    beat.pulls = largest(data->pulls());
  }
  auto asked = directory;
  self->request(directory, config.node->limits.request, heartbeat_atom_v, std::move(request))
      .then(
          [this, asked](const heartbeat_answer& answer) {
            if (asked != directory || !online) return;
            config.node->board->heard(config.index, unix_ms_now());
            hear_lost(answer);
          },
          // Also when the directory forgot this node: registering again is the cure for every failure.
          [this, asked](const caf::error& e) {
            if (asked == directory && online) failed("heartbeat: " + from_caf(e).message);
          });
}

void link_state::hear_lost(const heartbeat_answer& answer) const {
  if (!config.node->data) return;
  for (const auto& lost : answer.lost)
    if (auto key = stream_key::parse(lost.key)) config.node->data->stream_lost(*key, lost.newest);
}

// At once: until the directories know, they go on sending streams here.
void link_state::set_draining(bool on) {
  if (draining == on) return;
  draining = on;
  if (online) send_beat();
}

void link_state::announce(const announce_request& stream) {
  streams.insert_or_assign(stream.stream.key, stream);
  withdrawn.erase(stream.stream.key);
  if (online) send_announcement(stream);
}

void link_state::send_announcement(const announce_request& stream) {
  auto key = stream.stream.key;
  self->request(directory, config.node->limits.request, announce_atom_v, stream)
      .then([] {},
            [this, key](const caf::error& e) {
              config.node->log.warn("announcement refused", "directory", config.address, "stream", key,
                                    "reason", from_caf(e).message);
            });
}

void link_state::withdraw(const withdraw_request& stream) {
  auto found = streams.find(stream.key);
  if (found == streams.end() || found->second.stream.log_epoch > stream.log_epoch) return;
  streams.erase(found);
  if (withdrawn.size() < max_message_streams) withdrawn.insert_or_assign(stream.key, stream);
  if (online) send_withdrawal(stream);
}

void link_state::send_withdrawal(const withdraw_request& stream) {
  auto acknowledged = [this, key = stream.key, ended = stream.log_epoch] {
    auto found = withdrawn.find(key);
    if (found != withdrawn.end() && found->second.log_epoch == ended) withdrawn.erase(found);
  };
  // Unacknowledged, it is sent again with the next connection.
  self->request(directory, config.node->limits.request, withdraw_atom_v, stream)
      .then(acknowledged, [](const caf::error&) {});
}

caf::result<bool> link_state::leave() {
  if (!online) return false;
  online = false;
  leave_request request;
  request.id = config.node->self.id;
  request.boot_nonce = config.node->self.boot_nonce;
  auto promise = self->make_response_promise<bool>();
  self->request(directory, config.node->limits.leave, leave_atom_v, std::move(request))
      .then([promise]() mutable { promise.deliver(true); },
            [promise](const caf::error&) mutable { promise.deliver(false); });
  return promise;
}

void link_state::failed(const std::string& reason) {
  if (online) {
    online = false;
    self->send(config.agent, down_atom_v, directory, reason);
    config.node->log.warn("directory lost", "directory", config.address, "reason", reason);
  }
  config.node->board->lost(config.index, reason);
  if (std::exchange(waiting, true)) return;
  self->delayed_send(self, jittered(pause, 0.5), dial_atom_v);
  pause = std::min(pause * 2, config.node->limits.redial_most);
}

void link_state::directory_gone(const caf::down_msg& message) {
  if (!directory || message.source != directory.address()) return;
  failed("connection closed");
  directory = nullptr;
}

link_actor::behavior_type directory_link(link_actor::stateful_pointer<link_state> self, link_config config) {
  auto& state = self->state;
  state.self = self;
  state.config = std::move(config);
  const auto& node = *state.config.node;
  state.pause = node.limits.redial_least;
  state.random.seed(static_cast<std::uint_fast32_t>(node.self.boot_nonce + state.config.index + 1));
  state.gate = std::make_shared<dial_gate>(caf::actor_cast<link_actor>(self), node.limits.handshake);
  self->attach_functor([gate = state.gate] { gate->close(); });
  self->set_down_handler([self](caf::down_msg& message) { self->state.directory_gone(message); });
  self->send(self, dial_atom_v);
  return {
      [self](snapshot_update& update) {
        if (self->state.online) self->send(self->state.config.agent, std::move(update));
      },
      [self](load_update& update) {
        if (self->state.online) self->send(self->state.config.agent, std::move(update));
      },
      [self](dial_atom) { self->state.attempt(); },
      [self](heartbeat_atom, std::uint64_t series) { self->state.beat(series); },
      [self](up_atom, const caf::strong_actor_ptr& peer) { self->state.connected(peer); },
      [self](down_atom, const std::string& reason) { self->state.failed(reason); },
      [self](announce_atom, const announce_request& r) { self->state.announce(r); },
      [self](withdraw_atom, const withdraw_request& r) { self->state.withdraw(r); },
      [self](drain_atom, bool draining) { self->state.set_draining(draining); },
      [self](leave_atom) { return self->state.leave(); },
  };
}

} // namespace sluice::actors
