// The stream a publisher names in two halves: the app of `connect` and the name of `publish`. Pure.
#pragma once

#include "base/ids.hpp"

namespace sluice::media::rtmp {

/// `live?a=1` and `room1?b=2` give key `live/room1` and params `a=1&b=2`. Slashes at the end of the app
/// are dropped. Errors as `stream_address::parse`.
result<stream_address> publish_address(std::string_view app, std::string_view name);

} // namespace sluice::media::rtmp
