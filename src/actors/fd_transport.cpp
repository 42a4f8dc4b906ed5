#include "actors/fd_transport.hpp"

#include "actors/checked_scribe.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

namespace sluice::actors {

namespace {

using interface_names = std::set<std::string>;

/// BASP files peers under a port; ours have none.
constexpr std::uint16_t no_port = 1;

caf::actor broker(caf::actor_system& sys) {
  return sys.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

caf::io::scribe_ptr adopt(caf::actor_system& sys, plane::control_line_ptr line, basp_sender remote) {
  auto& network = dynamic_cast<caf::io::network::default_multiplexer&>(sys.middleman().backend());
  return make_checked_scribe(network, std::move(line), remote);
}

interface_names directory_interface(caf::actor_system& sys) {
  return sys.message_types(caf::detail::type_list<directory_actor>{});
}

void handshake(caf::event_based_actor* self, caf::io::scribe_ptr scribe, link_actor listener,
               std::chrono::milliseconds limit) {
  auto& sys = self->system();
  auto fail = [self, listener](std::string why) { self->send(listener, down_atom_v, std::move(why)); };
  self->request(broker(sys), limit, caf::connect_atom_v, std::move(scribe), no_port)
      .then(
          [self, listener, fail](caf::node_id&, caf::strong_actor_ptr& peer, interface_names& offered) {
            auto& here = self->system();
            if (!peer)
              fail("the peer publishes no directory");
            else if (!here.assignable(offered, directory_interface(here)))
              fail("the peer's directory speaks another version");
            else
              self->send(listener, up_atom_v, peer);
          },
          [fail](caf::error& e) { fail(from_caf(e).message); });
}

/// CAF keeps the logger of the system that was used last in the calling thread, and a system's destructor
/// waits until no thread has it. Threads of the data plane must not keep it.
struct visit {
  visit() = default;
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
  ~visit() { caf::logger::set_current_actor_system(nullptr); }
};

} // namespace

void connect_line(caf::actor_system& sys, plane::control_line_ptr line, link_actor listener,
                  std::chrono::milliseconds limit) {
  visit here;
  sys.spawn<caf::hidden>(handshake, adopt(sys, std::move(line), basp_sender::server), std::move(listener),
                         limit);
}

void serve_line(caf::actor_system& sys, plane::control_line_ptr line, const directory_actor& directory) {
  visit here;
  caf::anon_send(broker(sys), caf::publish_atom_v, adopt(sys, std::move(line), basp_sender::client), no_port,
                 caf::actor_cast<caf::strong_actor_ptr>(directory), directory_interface(sys));
}

} // namespace sluice::actors
