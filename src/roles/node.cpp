#include "roles/node.hpp"

#include "roles/node_parts.hpp"

namespace sluice::roles {

node::node(node_identity identity, const options& chosen, std::string secret)
    : parts_(std::make_unique<node_parts>(std::move(identity), chosen, std::move(secret))) {}

node::~node() {
  stop();
}

const node_identity& node::identity() const noexcept {
  return parts_->identity;
}

result<node_ports> node::start() {
  if (auto ok = parts_->open(); !ok) return ok.error();
  parts_->run();
  return parts_->ports;
}

control_status_text node::directories() const {
  return parts_->directories();
}

void node::drain(std::chrono::milliseconds within) {
  parts_->drain(within);
}

bool node::idle() const {
  return parts_->idle();
}

void node::stop() {
  parts_->stop();
}

} // namespace sluice::roles
