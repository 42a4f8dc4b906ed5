#define DOCTEST_CONFIG_IMPLEMENT
#include "base/logging.hpp"

#include <doctest/doctest.h>

int main(int argc, char** argv) {
  // Debian's spdlog is not built with TSan, which would see no order between the thread that writes the first
  // line and the others: logging starts before there are threads.
  sluice::start_logging(sluice::log_level::info);
  return doctest::Context(argc, argv).run();
}
