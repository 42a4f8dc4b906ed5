#include "actors/store_link.hpp"

namespace sluice::actors {

void store_link::open(directory_actor to) {
  {
    std::lock_guard lock(mutex_);
    directory_ = std::move(to);
  }
  store_.watch(here_, [self = shared_from_this()](const plane::store_contents& all) {
    std::lock_guard lock(self->mutex_);
    self->contents_ = all;
    self->wake();
  });
}

void store_link::close() {
  std::lock_guard lock(mutex_);
  directory_ = nullptr;
}

void store_link::put_policy(cluster::policy rules, std::uint64_t expected, std::uint64_t ticket) {
  store_.put_policy(std::move(rules), expected, here_,
                    [self = shared_from_this(), ticket](const result<void>& answer) {
                      std::lock_guard lock(self->mutex_);
                      self->outcomes_.push_back({ticket, answer});
                      self->wake();
                    });
}

std::optional<plane::store_contents> store_link::take_contents() {
  std::lock_guard lock(mutex_);
  return std::exchange(contents_, std::nullopt);
}

std::vector<store_link::outcome> store_link::take_outcomes() {
  std::lock_guard lock(mutex_);
  return std::exchange(outcomes_, {});
}

void store_link::wake() {
  if (directory_) caf::anon_send(directory_, store_atom_v);
}

} // namespace sluice::actors
