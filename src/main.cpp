#include "roles/process.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  try {
    return sluice::roles::run_process(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "sluice: %s\n", e.what());
    return 1;
  }
}
