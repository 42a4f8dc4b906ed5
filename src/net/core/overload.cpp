#include "net/core/overload.hpp"

namespace sluice::net {

bool overload::sample(time_point due, time_point now) {
  if (limits_.lag.count() == 0) return false;
  bool changes = lasts_ ? ends(due, now) : begins(due, now);
  if (!changes) return false;
  lasts_ = !lasts_;
  samples_ = 0;
  return true;
}

bool overload::begins(time_point due, time_point now) {
  if (now - due < limits_.lag) {
    samples_ = 0;
    return false;
  }
  if (samples_++ == 0) since_ = due;
  return samples_ >= least_samples && now - since_ >= limits_.sustained;
}

bool overload::ends(time_point due, time_point now) {
  if (now - due > limits_.lag / 2) {
    samples_ = 0;
    return false;
  }
  if (samples_++ == 0) since_ = due;
  return now - since_ >= limits_.calm;
}

} // namespace sluice::net
