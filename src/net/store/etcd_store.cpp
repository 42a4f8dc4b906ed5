#include "net/store/etcd_store.hpp"

#include "net/core/deadline.hpp"
#include "net/store/contents_mailbox.hpp"
#include "net/store/etcd_follower.hpp"
#include "net/store/policy_change.hpp"
#include "net/store/relay_writer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <random>

namespace sluice::net {

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

void set(counter& gauge, std::uint64_t value) {
  gauge.add(value - gauge.value());
}

} // namespace

// Lives as long as the store or a coroutine of it. All members but mailbox, counters and problem belong to
// the worker.
struct etcd_store::core final : std::enable_shared_from_this<core>, etcd::follower::user {
  core(worker& at, etcd_options o, logger l)
      : home(at), options(std::move(o)), log(std::move(l)),
        http(at.io(), options.servers, options.request_limit, counters.http),
        known(etcd::store_keys(options.prefix, options.cluster)),
        following(at.io(), http, known, options, counters, log, *this),
        writer(http, known.keys(), options, counters, log), retry(at.io()), tick(at.io()) {}

  void start();
  void stop();
  void spawn(asio::awaitable<void> task);
  asio::awaitable<void> run();
  asio::awaitable<void> tend();
  asio::awaitable<void> write();
  void write_soon();
  asio::awaitable<void> change_policy(etcd::policy_change change);

  void on_listed() override;
  void on_changed() override { tell(true); }
  void on_erased(const etcd::store_keys::relay_key& gone) override;

  void lost(const error& why);
  void tell(bool fresh);
  void set_problem(std::string now);
  std::chrono::milliseconds jittered(std::chrono::milliseconds pause);

  worker& home;
  etcd_options options;
  logger log;
  etcd_counters counters;
  std::shared_ptr<contents_mailbox> mailbox = std::make_shared<contents_mailbox>();
  std::mutex problem_mutex;
  std::string problem = "the store has not answered yet";

  etcd::client http;
  etcd::mirror known;
  etcd::follower following;
  etcd::relay_writer writer;
  asio::steady_timer retry, tick;
  std::chrono::milliseconds pause{0};
  plane::store_contents told; ///< what the watcher knows
  bool answered = false, writing = false, stopped = false;
  std::size_t policy_changes = 0;
  std::minstd_rand random{std::random_device{}()};
};

void etcd_store::core::start() {
  spawn(run());
  spawn(tend());
}

void etcd_store::core::stop() {
  if (std::exchange(stopped, true)) return;
  http.close();
  retry.cancel();
  tick.cancel();
}

void etcd_store::core::spawn(asio::awaitable<void> task) {
  asio::co_spawn(home.io(), std::move(task), [self = shared_from_this()](std::exception_ptr bug) {
    if (!bug) return;
    try {
      std::rethrow_exception(bug);
    } catch (const std::exception& e) {
      self->log.error("the store failed", "what", e.what());
    }
  });
}

asio::awaitable<void> etcd_store::core::run() {
  pause = options.retry_least;
  while (!stopped) {
    auto why = co_await following.follow();
    if (stopped) break;
    if (why.code == errc::stale) {
      counters.compactions.add();
      log.info("listing the store again", "reason", why.message);
    } else {
      lost(why);
    }
    retry.expires_after(jittered(pause));
    pause = std::min(2 * pause, options.retry_most);
    co_await retry.async_wait(token);
  }
}

asio::awaitable<void> etcd_store::core::tend() {
  while (!stopped) {
    tick.expires_after(jittered(options.check_every));
    co_await tick.async_wait(token);
    if (stopped) break;
    if (following.established()) co_await following.check();
    if (stopped || !following.established()) continue;
    auto renewed = co_await writer.renew_lease();
    if (stopped) break;
    if (!renewed)
      set_problem(renewed.error().message);
    else if (writer.idle())
      set_problem("");
    write_soon();
  }
}

void etcd_store::core::write_soon() {
  if (stopped || writing || writer.idle() || !following.established()) return;
  writing = true;
  spawn(write());
}

asio::awaitable<void> etcd_store::core::write() {
  auto written = co_await writer.write();
  writing = false;
  // What failed waits for the next tick.
  if (!stopped && following.established()) set_problem(written ? "" : written.error().message);
}

void etcd_store::core::on_listed() {
  pause = options.retry_least;
  if (!told.fresh) log.info("the store answers", "server", http.server().str(), "revision", known.revision());
  answered = true;
  set_problem("");
  writer.compare(known);
  tell(true);
  write_soon();
}

void etcd_store::core::on_erased(const etcd::store_keys::relay_key& gone) {
  if (gone.directory != options.directory) return;
  writer.erased(gone.relay);
  write_soon();
}

void etcd_store::core::lost(const error& why) {
  set_problem(why.message);
  if (!told.fresh) return;
  counters.losses.add();
  tell(false);
}

void etcd_store::core::tell(bool fresh) {
  if (!answered) return;
  // While it is lost, the mirror may hold half a list.
  auto now = fresh ? known.contents() : told;
  now.fresh = fresh;
  set(counters.fresh, fresh ? 1 : 0);
  set(counters.revision, now.revision);
  set(counters.relays, now.relays.size());
  bool same = now.fresh == told.fresh && now.revision == told.revision;
  told = std::move(now);
  if (!same) mailbox->put(told);
}

void etcd_store::core::set_problem(std::string now) {
  std::lock_guard lock(problem_mutex);
  if (problem == now) return;
  problem = std::move(now);
  if (!problem.empty()) log.warn("trouble with the store", "reason", problem);
}

std::chrono::milliseconds etcd_store::core::jittered(std::chrono::milliseconds wait) {
  std::uniform_int_distribution<std::int64_t> any(wait.count() / 2, wait.count() * 3 / 2);
  return std::chrono::milliseconds(any(random));
}

asio::awaitable<void> etcd_store::core::change_policy(etcd::policy_change change) {
  ++policy_changes;
  auto outcome = co_await change.run(http, home.io(), known.keys().policy(), options.request_limit);
  if (!outcome && outcome.error().code == errc::conflict) counters.conflicts.add();
  --policy_changes;
}

etcd_store::etcd_store(worker& at, etcd_options options, logger log)
    : core_(std::make_shared<core>(at, std::move(options), std::move(log))) {
  at.post([c = core_] { c->start(); });
}

etcd_store::~etcd_store() {
  stop();
}

void etcd_store::stop() {
  core_->mailbox->close();
  core_->home.post([c = core_] { c->stop(); });
}

void etcd_store::watch(plane::executor& caller, std::function<void(const plane::store_contents&)> changed) {
  core_->mailbox->watch(caller, std::move(changed));
}

void etcd_store::put_relay(cluster::relay_entry relay) {
  core_->home.post([c = core_, relay = std::move(relay)] {
    c->writer.put(relay);
    c->write_soon();
  });
}

void etcd_store::remove_relay(node_id relay) {
  core_->home.post([c = core_, relay = std::move(relay)] {
    c->writer.remove(relay);
    c->write_soon();
  });
}

void etcd_store::put_policy(cluster::policy rules, std::uint64_t expected, plane::executor& caller,
                            plane::reply<void> done) {
  auto answer = plane::make_pending<void>(caller, std::move(done));
  core_->home.post([c = core_, rules = std::move(rules), expected, answer] {
    if (c->stopped) return;
    if (c->policy_changes >= max_policy_changes) {
      answer->send(error{errc::unavailable, "too many changes of the policy are under way"});
      return;
    }
    c->spawn(c->change_policy(etcd::policy_change(rules, expected, answer)));
  });
}

const etcd_counters& etcd_store::counters() const noexcept {
  return core_->counters;
}

std::string etcd_store::problem() const {
  std::lock_guard lock(core_->problem_mutex);
  return core_->problem;
}

} // namespace sluice::net
