// An actor system whose clock and scheduler the test drives: nothing runs until `run`, and time only passes
// by `advance`.
#pragma once

#include "actors/system.hpp"

#include <caf/scheduler/test_coordinator.hpp>

namespace sluice::actors::test {

class stage {
public:
  stage() : actors_(config_.use_test_scheduler()) {}
  caf::actor_system& sys() { return actors_; }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(actors_.scheduler());
  }
  void run() { scheduler().run(); }
  /// Lets `span` pass in steps, so that repeating timers fire as often as they should.
  void advance(std::chrono::milliseconds span,
               std::chrono::milliseconds step = std::chrono::milliseconds(50)) {
    for (; span.count() > 0; span -= step) {
      scheduler().clock().advance_time(step);
      run();
    }
  }

  /// The answer to a request, or the failure; null while neither came.
  template <class Answer>
  struct outcome {
    std::optional<Answer> answer;
    std::optional<error> failure;
  };
  /// `Answer` is `caf::unit_t` where nothing is answered.
  template <class Answer, class Handle, class... Parts>
  std::shared_ptr<outcome<Answer>> ask(const Handle& whom, Parts... parts) {
    auto out = std::make_shared<outcome<Answer>>();
    // An argument: without any, CAF 0.17 binds a reference to none.
    auto asker = [=](caf::event_based_actor* self, const std::shared_ptr<outcome<Answer>>& to) {
      auto fail = [to](const caf::error& e) { to->failure = from_caf(e); };
      auto request = self->request(whom, std::chrono::minutes(1), parts...);
      if constexpr (std::is_same_v<Answer, caf::unit_t>)
        request.then([to] { to->answer = caf::unit; }, fail);
      else
        request.then([to](Answer& a) { to->answer = std::move(a); }, fail);
    };
    sys().spawn(asker, out);
    run();
    return out;
  }

private:
  struct test_config : system_config {
    test_config& use_test_scheduler() {
      set("scheduler.policy", caf::atom("testing"));
      return *this;
    }
  };
  test_config config_;
  caf::actor_system actors_;
};

} // namespace sluice::actors::test
