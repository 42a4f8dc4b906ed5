// A whole sluice process: reads what the operator chose, starts its node or nodes, waits for a signal, ends.
#pragma once

namespace sluice::roles {

/// What `main` returns: 0 after an orderly end, 1 when it could not start, 2 for a bad command line.
int run_process(int argc, const char* const* argv);

} // namespace sluice::roles
