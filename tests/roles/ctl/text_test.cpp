#include "roles/ctl/text.hpp"

#include <doctest/doctest.h>

using namespace sluice::roles::ctl;

TEST_CASE("columns are as wide as their widest cell, numbers stand to the right, an empty cell is a dash") {
  table out({{"NODE"}, {"WEIGHT", align::right}, {"ADDRESS"}});
  out.row({"relay-with-a-long-name", "1", "10.0.0.1:8500"});
  out.row({"r2", "0.125", ""});
  CHECK(out.str() == "NODE                    WEIGHT  ADDRESS\n"
                     "relay-with-a-long-name       1  10.0.0.1:8500\n"
                     "r2                       0.125  -\n");
}

TEST_CASE("spans of time are told in the unit that fits") {
  CHECK(span_text(0) == "0.0 s");
  CHECK(span_text(430) == "0.4 s");
  CHECK(span_text(12'900) == "12 s");
  CHECK(span_text(3 * 60'000) == "3 min");
  CHECK(span_text(5 * 3'600'000) == "5 h");
  CHECK(span_text(72 * 3'600'000) == "3 d");
}

TEST_CASE("rates and numbers are told without digits that say nothing") {
  CHECK(rate_text(0) == "0");
  CHECK(rate_text(850'400) == "850 kbit/s");
  CHECK(rate_text(12'340'000) == "12.3 Mbit/s");
  CHECK(rate_text(1'240'000'000) == "1.2 Gbit/s");
  CHECK(number_text(1) == "1");
  CHECK(number_text(0.5) == "0.5");
  CHECK(number_text(1.12345) == "1.123");
  CHECK(count_text(1, "node") == "1 node");
  CHECK(count_text(2, "node") == "2 nodes");
}
