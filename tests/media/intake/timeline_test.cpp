#include "media/intake/timeline.hpp"

#include <doctest/doctest.h>

using namespace sluice::media;

namespace {

constexpr auto audio = track::audio;
constexpr auto video = track::video;

timeline::time_point at(std::int64_t ms) {
  return timeline::time_point(std::chrono::milliseconds(100'000 + ms));
}

} // namespace

TEST_CASE("a log starts at its first timestamp whatever the publisher's clock says") {
  timeline from_zero(0);
  CHECK(from_zero.newest() == 0);
  CHECK(from_zero.place(video, 5'000'000, at(0)) == 0u);
  CHECK(from_zero.place(audio, 5'000'010, at(0)) == 10u);
  timeline after_another(777);
  CHECK(after_another.place(video, 40, at(0)) == 777u);
  CHECK(after_another.newest() == 777);
}

TEST_CASE("the lowest of the first tags goes where the log begins, so tracks keep their distance") {
  timeline line(0);
  line.begin(900, at(0));
  CHECK(line.place(video, 1000, at(0)) == 100u);
  CHECK(line.place(audio, 900, at(0)) == 0u);
  CHECK(line.discontinuities() == 0);
  CHECK(line.clamped() == 0);
}

TEST_CASE("a tie and a small step back within a track move to just after its last frame") {
  timeline line(0);
  CHECK(line.place(video, 1000, at(0)) == 0u);
  CHECK(line.place(video, 1040, at(40)) == 40u);
  CHECK(line.place(video, 1040, at(40)) == 41u);
  CHECK(line.place(video, 40, at(40)) == 42u);
  CHECK(line.place(video, 1080, at(80)) == 80u);
  CHECK(line.clamped() == 2);
  CHECK(line.discontinuities() == 0);
}

TEST_CASE("a track that lags the other by seconds is no discontinuity") {
  timeline line(0);
  line.begin(0, at(0));
  CHECK(line.place(video, 5000, at(0)) == 5000u);
  CHECK(line.place(audio, 1000, at(0)) == 1000u);
  CHECK(line.place(video, 5040, at(40)) == 5040u);
  CHECK(line.place(audio, 1020, at(40)) == 1020u);
  CHECK(line.discontinuities() == 0);
}

TEST_CASE("a jump back advances the log by the time that passed, for both tracks alike") {
  timeline line(0);
  line.place(video, 100'000, at(0));
  line.place(audio, 100'005, at(0));
  CHECK(line.place(video, 0, at(40)) == 45u);
  CHECK(line.place(audio, 10, at(50)) == 55u);
  CHECK(line.place(video, 40, at(80)) == 85u);
  CHECK(line.discontinuities() == 1);
}

TEST_CASE("a jump forward beyond ten seconds advances the log by the time that passed") {
  timeline line(0);
  line.place(video, 0, at(0));
  CHECK(line.place(video, 10'000, at(0)) == 10'000u);
  CHECK(line.discontinuities() == 0);
  CHECK(line.place(video, 20'001, at(33)) == 10'033u);
  CHECK(line.place(audio, 20'021, at(33)) == 10'053u);
  CHECK(line.discontinuities() == 1);
}

TEST_CASE("a jump within one burst still moves forward") {
  timeline line(0);
  line.place(video, 50'000, at(0));
  CHECK(line.place(video, 10, at(0)) == 1u);
}

TEST_CASE("a clock that wraps at 32 bits goes on") {
  timeline line(0);
  CHECK(line.place(video, 0xffffffd8, at(0)) == 0u);
  CHECK(line.place(audio, 0xffffffe0, at(0)) == 8u);
  CHECK(line.place(video, 0x00000000, at(40)) == 40u);
  CHECK(line.place(audio, 0xfffffff5, at(40)) == 29u);
  CHECK(line.place(video, 0x00000028, at(80)) == 80u);
  CHECK(line.discontinuities() == 0);
  CHECK(line.clamped() == 0);
}

TEST_CASE("a clock that wraps at 31 bits is a jump back") {
  timeline line(0);
  line.place(video, 0x7fffffff, at(0));
  CHECK(line.place(video, 0, at(40)) == 40u);
  CHECK(line.discontinuities() == 1);
}

TEST_CASE("a returning publisher continues after the absence, on a clock of its own") {
  timeline line(0);
  line.place(video, 5000, at(0));
  line.place(video, 5040, at(40));
  line.interrupt();
  line.begin(60, at(3040));
  CHECK(line.place(video, 70, at(3060)) == 3050u);
  CHECK(line.place(audio, 60, at(3060)) == 3040u);
  CHECK(line.discontinuities() == 0);
}

TEST_CASE("a header has the timestamp of its track's last frame") {
  timeline line(50);
  CHECK(line.of_header(video) == 50);
  line.place(video, 0, at(0));
  line.place(video, 40, at(0));
  CHECK(line.of_header(video) == 90);
  CHECK(line.of_header(audio) == 50);
}

TEST_CASE("a log ends a day before its timestamps reach 2^31") {
  constexpr std::uint32_t day = 24u * 60 * 60 * 1000;
  CHECK(last_log_timestamp == 0x7fffffff - day);
  timeline line(last_log_timestamp - 40);
  CHECK(line.place(video, 0, at(0)) == last_log_timestamp - 40);
  CHECK(line.place(video, 40, at(40)) == last_log_timestamp);
  CHECK(!line.place(video, 80, at(80)).has_value());
  CHECK(line.newest() == last_log_timestamp);
}

TEST_CASE("a log cannot start beyond its end") {
  timeline line(last_log_timestamp + 1);
  CHECK(line.place(video, 7, at(0)) == 0u);
}
