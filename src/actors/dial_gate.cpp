#include "actors/dial_gate.hpp"

#include "actors/fd_transport.hpp"

namespace sluice::actors {

namespace {

// The answer is only passed on to an actor, which may happen on any thread.
class inline_executor final : public plane::executor {
public:
  void post(std::function<void()> task) override { task(); }
};

} // namespace

void dial_gate::dial(plane::control_sockets& sockets, const std::string& address) {
  auto here = std::make_shared<inline_executor>();
  auto& executor = *here;
  sockets.dial(address, executor, [self = shared_from_this(), here](result<plane::control_line_ptr> line) {
    self->arrived(std::move(line));
  });
}

void dial_gate::arrived(result<plane::control_line_ptr> line) {
  std::lock_guard lock(mutex_);
  if (!link_) return;
  if (line)
    connect_line(link_.home_system(), std::move(*line), link_, handshake_limit_);
  else
    caf::anon_send(link_, down_atom_v, line.error().message);
}

void dial_gate::close() {
  std::lock_guard lock(mutex_);
  link_ = nullptr;
}

} // namespace sluice::actors
