// A relay and a policy as JSON values: one form for the saved relay list and for what the store keeps. Pure;
// any thread.
#pragma once

#include "base/result.hpp"
#include "cluster/model.hpp"

#include <boost/json/fwd.hpp>

namespace sluice::cluster {

boost::json::object json_of(const relay_entry& relay);
boost::json::object json_of(const policy& rules);

/// Reads what `json_of` wrote; unknown fields are ignored. `where` opens the error's message. Ranges are for
/// `check_relay`. Errors: `malformed`, naming the field.
result<relay_entry> read_relay(const boost::json::value& from, std::string where);
/// As `read_relay`, the message opened by `policy`; lists may come in any order. Ranges, and ids named twice,
/// are for `check_policy`. Errors: `malformed`, `too_large`, both naming the field.
result<policy> read_policy(const boost::json::value& from);

} // namespace sluice::cluster
