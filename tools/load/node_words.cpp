#include "node_words.hpp"

#include <caf/forwarding_actor_proxy.hpp>
#include <caf/io/basp/all.hpp>
#include <fmt/format.h>

namespace sluice::load {

using namespace actors;
using caf::io::basp::header;
using caf::io::basp::message_type;

namespace {

caf::node_id node(std::size_t number) {
  caf::node_id::default_data::host_id_type host;
  host.fill(0x5c);
  return caf::make_node_id(static_cast<std::uint32_t>(number + 1), host);
}

} // namespace

register_request registration(std::size_t number, bool relay) {
  register_request request;
  request.node.id = fmt::format("{}-{}", relay ? "relay" : "edge", number);
  request.node.role = relay ? cluster::node_role::relay : cluster::node_role::edge;
  request.node.boot_nonce = 1;
  request.node.version = "load";
  if (relay) request.node.trunk_address = fmt::format("relay-{}.example.org:8500", number);
  if (!relay) request.node.public_url = fmt::format("https://edge-{}.example.org", number);
  return request;
}

// Packets one behind the other, all of one node.
class node_words::packets {
public:
  packets(caf::actor_system& types, std::size_t number) : types_(types), self_(node(number)) {}

  void handshake(std::uint8_t flags) {
    auto payload = caf::make_callback([&](caf::serializer& to) -> caf::error { return to(self_); });
    write({message_type::client_handshake, flags, 0, 0, 0, 0}, payload);
  }

  void monitor(const caf::node_id& theirs, caf::actor_id actor) {
    auto payload = caf::make_callback([&](caf::serializer& to) -> caf::error { return to(self_, theirs); });
    write({message_type::monitor_message, 0, 0, 0, 0, actor}, payload);
  }

  void message(caf::actor_id from, std::uint64_t to_actor, caf::message_id id, caf::message content,
               std::uint8_t flags = 0) {
    std::vector<caf::strong_actor_ptr> stages;
    auto payload = caf::make_callback([&](caf::serializer& to) -> caf::error { return to(stages, content); });
    write({message_type::direct_message, flags, 0, id.integer_value(), from, to_actor}, payload);
  }

  /// One of this node's actors.
  [[nodiscard]] caf::strong_actor_ptr actor(caf::actor_id id) const {
    caf::actor_config config;
    return caf::make_actor<caf::forwarding_actor_proxy, caf::strong_actor_ptr>(id, self_, &types_, config,
                                                                               caf::actor{});
  }

  [[nodiscard]] byte_buffer take() const { return {bytes_.begin(), bytes_.end()}; }

private:
  void write(header head, caf::callback<caf::serializer&>& payload) {
    caf::io::basp::instance::write(types_.dummy_execution_unit(), bytes_, head, &payload);
  }

  caf::actor_system& types_;
  caf::node_id self_;
  std::vector<char> bytes_;
};

namespace {

caf::message_id request_number(std::uint64_t number) {
  return caf::message_id{number}.with_normal_priority();
}

} // namespace

byte_buffer node_words::greeting(std::size_t number) const {
  packets out(types_, number);
  out.handshake(0);
  return out.take();
}

byte_buffer node_words::entrance(std::size_t number, caf::actor_id asked_by) const {
  using namespace caf;
  packets out(types_, number);
  out.handshake(header::select_connection_flag);
  out.message(greeter, static_cast<std::uint64_t>(atom("SpawnServ")), {},
              make_message(sys_atom_v, get_atom_v, "info"), header::named_receiver_flag);
  out.monitor(directory_node_, directory_);
  out.monitor(directory_node_, asked_by);
  out.message(link, directory_, request_number(registers),
              make_message(register_atom_v, registration(number, number < relays_)));
  out.message(spawn_server, asked_by, {},
              make_message(ok_atom_v, "info", out.actor(spawn_server), "spawn_server"));
  return out.take();
}

byte_buffer node_words::observe(std::size_t number, caf::actor_id actor) const {
  packets out(types_, number);
  out.monitor(directory_node_, actor);
  return out.take();
}

byte_buffer node_words::watch(std::size_t number) const {
  packets out(types_, number);
  out.message(link, directory_, request_number(watches),
              caf::make_message(watch_atom_v, caf::actor_cast<watcher_actor>(out.actor(link))));
  return out.take();
}

byte_buffer node_words::heartbeat(std::size_t number, std::uint64_t request) const {
  heartbeat_request beat;
  auto self = registration(number, number < relays_);
  beat.beat.id = self.node.id;
  beat.beat.boot_nonce = self.node.boot_nonce;
  packets out(types_, number);
  out.message(link, directory_, request_number(request),
              caf::make_message(heartbeat_atom_v, std::move(beat)));
  return out.take();
}

} // namespace sluice::load
