#include "actors/directory.hpp"
#include "actors/node_context.hpp"

#include <algorithm>

namespace sluice::actors {

namespace {

/// Operators' changes that wait for the store; more are refused.
constexpr std::size_t max_pending_changes = 16;

std::uint64_t unix_us_now() {
  return unix_ms_now() * 1000;
}

result<cluster::policy> with_rules(cluster::policy rules, const cluster::policy_change& change) {
  auto now = unix_us_now();
  result<cluster::policy> out = std::move(rules);
  if (change.copies > 0) out = cluster::with_copies(*out, change.copies, now);
  if (out && change.spread > 0) out = cluster::with_spread(*out, change.spread, now);
  if (out && !change.algorithm.empty()) out = cluster::with_algorithm(*out, change.algorithm, now);
  return out;
}

} // namespace

overview_answer directory_actor_state::overview() {
  overview_answer answer;
  auto& about = answer.overview;
  about.at = directory->list_revision();
  about.digest = directory->list().digest;
  about.warming = directory->warming(now());
  about.frozen = directory->frozen();
  about.has_store = config.store != nullptr;
  about.store_lost = store_lost;
  about.rules = directory->rules();
  return answer;
}

result<cluster::policy> directory_actor_state::plan(const cluster::policy_change& change) const {
  switch (change.what) {
  case cluster::policy_command::drain:
  case cluster::policy_command::undrain:
    return directory->plan_drain(change.node, change.what == cluster::policy_command::drain, unix_us_now());
  case cluster::policy_command::weight:
    return directory->plan_weight(change.node, change.weight, unix_us_now());
  case cluster::policy_command::own_weight:
    return directory->plan_weight(change.node, std::nullopt, unix_us_now());
  case cluster::policy_command::rules:
    break;
  }
  return with_rules(directory->rules(), change);
}

caf::result<overview_answer> directory_actor_state::change(const change_request& request) {
  auto planned = plan(request.change);
  if (!planned) return to_caf(planned.error());
  if (planned->version == directory->rules().version) return overview();
  if (!config.store) {
    put_in_force(*planned);
    return overview();
  }
  if (store_lost)
    return to_caf({errc::unavailable, "the directories' store does not answer, and it keeps the policy"});
  if (changes.size() >= max_pending_changes)
    return to_caf({errc::unavailable, "too many changes of the policy are under way"});
  auto promise = self->make_response_promise<overview_answer>();
  put_in_store(*planned, promise);
  return promise;
}

void directory_actor_state::offer(const cluster::policy& rules) {
  if (auto ok = cluster::check_policy(rules); !ok) {
    config.log.warn("offered policy refused", "reason", ok.error().message);
    return;
  }
  if (!cluster::supersedes(rules, directory->rules())) return;
  if (!config.store) return put_in_force(rules);
  put_in_store(cluster::merged(directory->rules(), rules), std::nullopt);
}

void directory_actor_state::put_in_store(
    const cluster::policy& rules, std::optional<caf::typed_response_promise<overview_answer>> promise) {
  // Many nodes offer the same; one way into the store is enough.
  bool under_way = std::any_of(changes.begin(), changes.end(), [&](const auto& one) {
    return !cluster::supersedes(rules, one.second.rules);
  });
  if (!promise && (store_lost || under_way || changes.size() >= max_pending_changes)) return;
  changes.emplace(++last_ticket, pending_change{rules, std::move(promise)});
  config.store->put_policy(rules, stored_version, last_ticket);
}

void directory_actor_state::put_in_force(const cluster::policy& rules) {
  auto changed = directory->set_policy(rules, now());
  if (!changed) {
    config.log.warn("policy refused", "reason", changed.error().message);
    return;
  }
  if (!*changed) return;
  const auto& all = directory->rules();
  config.log.info("policy in force", "version", all.version, "copies", all.copies, "spread", all.spread,
                  "algorithm", all.algorithm, "drained", all.drained.size(), "weights", all.weights.size());
  push();
}

bool directory_actor_state::thaw() {
  bool thawed = directory->thaw(now());
  if (thawed) {
    config.log.info("thawed by command");
    push();
  }
  return thawed;
}

void directory_actor_state::hear_store() {
  if (!config.store) return;
  if (auto said = config.store->take_contents()) adopt(*said);
  for (const auto& outcome : config.store->take_outcomes())
    conclude(outcome);
  push();
}

void directory_actor_state::adopt(const plane::store_contents& said) {
  if (said.fresh == store_lost) {
    store_lost = !said.fresh;
    if (store_lost)
      config.log.warn("the store does not answer; going on with what it said last");
    else
      config.log.info("the store answers", "relays", said.relays.size(), "policy_version",
                      said.rules.version);
  }
  stored_version = said.rules.version;
  auto ok = directory->adopt(said.rules, said.relays, said.fresh, now());
  if (!ok) config.log.warn("a part of the store's contents is unusable", "reason", ok.error().message);
  // The store lost its contents, or had none yet.
  if (said.fresh && cluster::supersedes(directory->rules(), said.rules))
    put_in_store(directory->rules(), std::nullopt);
}

void directory_actor_state::conclude(const store_link::outcome& outcome) {
  auto found = changes.find(outcome.ticket);
  if (found == changes.end()) return;
  auto change = std::move(found->second);
  changes.erase(found);
  if (outcome.answer) {
    stored_version = std::max(stored_version, change.rules.version);
    put_in_force(change.rules);
  }
  if (!change.promise) {
    // A conflict: somebody else did it first, which will be heard of.
    if (!outcome.answer && outcome.answer.error().code != errc::conflict)
      config.log.warn("offered policy not stored", "reason", outcome.answer.error().message);
    return;
  }
  if (outcome.answer)
    change.promise->deliver(overview());
  else
    change.promise->deliver(to_caf(outcome.answer.error()));
}

} // namespace sluice::actors
