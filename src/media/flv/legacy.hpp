// Rewrites extended packets into what players understand: avc1 and mp4a into the legacy form (annex E.4.2,
// E.4.3), single-track multitrack and ModEx packets into plain ones. Pure; any thread.
#pragma once

#include "media/flv/payload.hpp"

namespace sluice::media {

/// `data` in the form players understand: `data` itself where nothing is to do, else bytes in `scratch`
/// (overwritten). Error: `unsupported` (several tracks in one packet, a track other than the first, avc1 or
/// mp4a packets without a legacy form, an extended header that breaks the tables).
result<byte_view> to_player_form(tag_type type, byte_view data, byte_buffer& scratch);

} // namespace sluice::media
