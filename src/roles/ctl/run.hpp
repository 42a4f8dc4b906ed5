// `sluice ctl`: connects to a directory, asks or tells what the operator wants, prints, ends.
#pragma once

namespace sluice::roles {

/// The process's exit status: 0 done, 1 no directory or it refused, 2 wrong usage. `argv[0]` is skipped.
int run_ctl(int argc, const char* const* argv);

} // namespace sluice::roles
