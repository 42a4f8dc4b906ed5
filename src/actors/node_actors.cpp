#include "actors/node_actors.hpp"

#include "actors/fd_transport.hpp"
#include "actors/locator.hpp"
#include "actors/node_agent.hpp"

namespace sluice::actors {

namespace {

struct asked {
  node_actors::question what;
};

} // namespace

} // namespace sluice::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::actors::asked)

namespace sluice::actors {

namespace {

caf::behavior asker(caf::event_based_actor* self, locator_actor locator) {
  return {[self, locator](asked& question) { question.what(self, locator); }};
}

} // namespace

// Where an accepted peer meets the directory, which may have ended by then.
class node_actors::serve_gate {
public:
  explicit serve_gate(directory_actor directory) : directory_(std::move(directory)) {}
  void accept(plane::control_line_ptr line) {
    std::lock_guard lock(mutex_);
    if (directory_) serve_line(directory_.home_system(), std::move(line), directory_);
  }
  void close() {
    std::lock_guard lock(mutex_);
    directory_ = nullptr;
  }

private:
  std::mutex mutex_;
  directory_actor directory_;
};

void node_actors::spawn(caf::actor_system& sys, std::optional<directory_config> own) {
  std::lock_guard lock(mutex_);
  if (own) spawn_directory(sys, std::move(*own));
  locator_ = sys.spawn(locator, node_);
  asker_ = sys.spawn(asker, locator_);
  agent_config agent;
  agent.node = node_;
  agent.local = directory_;
  agent.locator = locator_;
  agent_ = sys.spawn(node_agent, std::move(agent));
}

void node_actors::spawn_directory(caf::actor_system& sys, directory_config config) {
  directory_ = sys.spawn(directory, std::move(config));
  if (!node_->sockets) return;
  gate_ = std::make_shared<serve_gate>(directory_);
  node_->sockets->serve([gate = gate_](plane::control_line_ptr line) { gate->accept(std::move(line)); });
}

void node_actors::ask(question what) {
  std::lock_guard lock(mutex_);
  if (asker_) caf::anon_send(asker_, asked{std::move(what)});
}

void node_actors::end(caf::actor_system& sys) {
  if (gate_) gate_->close();
  caf::actor asker_last;
  agent_actor agent;
  locator_actor locator_last;
  directory_actor directory_last;
  {
    std::lock_guard lock(mutex_);
    std::swap(asker_last, asker_);
    std::swap(agent, agent_);
    std::swap(locator_last, locator_);
    std::swap(directory_last, directory_);
  }
  caf::scoped_actor self(sys);
  self->request(agent, node_->limits.leave * 3, leave_atom_v).receive([](bool) {}, [](const caf::error&) {});
  self->send_exit(asker_last, caf::exit_reason::user_shutdown);
  self->send_exit(locator_last, caf::exit_reason::user_shutdown);
  self->send_exit(agent, caf::exit_reason::user_shutdown);
  if (directory_last) self->send_exit(directory_last, caf::exit_reason::user_shutdown);
}

} // namespace sluice::actors
