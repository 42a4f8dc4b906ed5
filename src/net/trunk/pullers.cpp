#include "net/trunk/pullers.hpp"

#include "net/trunk/puller.hpp"

#include <algorithm>
#include <random>

namespace sluice::net::trunk {

pull_context::pull_context(identity who, pull_options chosen, plane::control& c, stream_hub& h, logger l)
    : self(std::move(who)), options(std::move(chosen)), control(c), hub(h), log(std::move(l)),
      health(std::random_device{}()), prober(std::make_shared<relay_prober>(self, health, log)),
      pulling(h.workers().size()), loads(h.workers().size()) {}

pullers::pullers(stream_hub& hub, plane::control& control, identity self, pull_options options, logger log)
    : context_(std::make_shared<pull_context>(std::move(self), std::move(options), control, hub,
                                              std::move(log))) {}

pullers::~pullers() = default;

stream_hub::feeder_factory pullers::factory() {
  return [context = context_](hosted_stream& h, worker& home) {
    return std::make_unique<puller>(context, h, home);
  };
}

void pullers::snapshot_changed() {
  auto& workers = context_->hub.workers();
  for (std::size_t i = 0; i < workers.size(); ++i)
    workers.at(i).post([context = context_, i] {
      for (auto* one : context->pulling[i])
        one->ask_soon();
    });
}

void pullers::set_loads(cluster::relay_loads loads) {
  auto shared = std::make_shared<const cluster::relay_loads>(std::move(loads));
  auto& workers = context_->hub.workers();
  for (std::size_t i = 0; i < workers.size(); ++i)
    workers.at(i).post([context = context_, i, shared] {
      context->loads[i] = shared;
      for (auto* one : context->pulling[i])
        one->set_loads(shared);
    });
}

std::vector<node_id> pullers::failing() const {
  return context_->health.failing(std::chrono::steady_clock::now());
}

} // namespace sluice::net::trunk
